import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Exit, start } from '../cli/child-process.ts';
import { temporaryDirectory } from '../support/run-directory.ts';

/** A folder of programs that stand before those of the machine, each a script for `sh`. */
export interface StandIns {
  /** What they may write to; they know it as $STAND_IN. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Each call in its order: the program and its arguments. */
  calls(): string[];
}

export interface StandInOptions {
  /** Of the machine's programs, these alone can be found; all of them if left out. */
  readonly only?: readonly string[];
}

export function createStandIns(
  scripts: Readonly<Record<string, string>>,
  { only }: StandInOptions = {},
): StandIns {
  const folder = temporaryDirectory('stand-ins');
  const programs = join(folder, 'programs');
  mkdirSync(programs);
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(programs, name);
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >> "$STAND_IN/calls"\n${script}\n`);
    chmodSync(file, 0o755);
  }
  for (const name of only ?? []) symlinkSync(whereIs(name), join(programs, name));
  const path = only === undefined ? `${programs}${delimiter}${process.env.PATH}` : programs;
  return {
    folder,
    env: { PATH: path, STAND_IN: folder },
    calls: () => (existsSync(join(folder, 'calls')) ? lines(join(folder, 'calls')) : []),
  };
}

export function whereIs(program: string): string {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`${program} is not on the path`);
  return found;
}

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

/** Runs commands as they are pasted into a shell, and ends at the first that fails. */
export function paste(
  t: Pick<TestContext, 'after'>,
  commands: string,
  env: Readonly<Record<string, string>>,
): Promise<Exit> {
  return start(t, ['/bin/bash', '-euo', 'pipefail', '-c', commands], { env }).exit;
}
