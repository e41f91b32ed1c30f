import { existsSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openStorage } from '#storage';
import { createTestClock } from './clock.ts';
import { createRecordingLogger } from './recording-logger.ts';
import { exclusively, runDirectory, temporaryDirectory } from './run-directory.ts';

/** The folder of a database of its own, closed: migrated and without rows, or not there yet. */
export async function createEmbeddedFolder({ migrated }: { migrated: boolean }): Promise<string> {
  const directory = join(temporaryDirectory('data'), 'database');
  if (migrated) await cp(await migratedTemplate(), directory, { recursive: true });
  return directory;
}

/** Made once per run: PGlite's first start takes seconds, a copy of the folder a moment. */
async function migratedTemplate(): Promise<string> {
  const template = join(runDirectory(), 'embedded-template');
  if (existsSync(template)) return template;
  return await exclusively('embedded-template', async () => {
    if (!existsSync(template)) {
      const unfinished = join(temporaryDirectory('template'), 'database');
      const storage = await openStorage({
        database: { kind: 'embedded', directory: unfinished },
        logger: createRecordingLogger(),
        now: createTestClock().now,
      });
      await storage.migrations.up().finally(() => storage.close());
      await rename(unfinished, template);
    }
    return template;
  });
}
