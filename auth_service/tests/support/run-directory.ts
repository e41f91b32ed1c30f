import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What tests/run.ts tells the test files. */
export const RUN_DIRECTORY_VARIABLE = 'TEST_RUN_DIRECTORY';

/** The run's folder of temporary files; one of this process's own where a test file is run without tests/run.ts. */
export function runDirectory(): string {
  const given = process.env[RUN_DIRECTORY_VARIABLE];
  if (given !== undefined) return given;
  const own = createRunDirectory();
  process.env[RUN_DIRECTORY_VARIABLE] = own;
  process.once('exit', () => rmSync(own, { recursive: true, force: true }));
  return own;
}

export function createRunDirectory(): string {
  // In memory where there is such a place: the tests wait for the disk many times otherwise.
  return mkdtempSync(join(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir(), 'auth-service-tests-'));
}

/** In a container there may be a few megabytes of it. */
function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize > 4 * 1024 ** 3;
}

/** A new folder that goes with the run. */
export function temporaryDirectory(name = 'folder'): string {
  return mkdtempSync(join(runDirectory(), `${name}-`));
}

/** Runs the work in one process of the run at a time. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const lock = join(runDirectory(), `${name}.lock`);
  while (!tryToMake(lock)) await sleep(50);
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function tryToMake(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
