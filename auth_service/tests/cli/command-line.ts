import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCli } from '#cli';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string>>;

/** One command line in this process, as a script reads it; `isTerminal` for what a person sees. */
export async function run(
  argv: readonly string[],
  env: Environment = {},
  { isTerminal = false }: { isTerminal?: boolean } = {},
): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: isTerminal,
    columns: 100,
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const code = await runCli(argv, { stdout: stream('stdout'), stderr: stream('stderr'), env, isTerminal });
  return { code, ...texts };
}

/** A folder of its own, gone after the test. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'auth-service-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
