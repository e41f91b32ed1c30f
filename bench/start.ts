/**
 * How long the service takes from its command to the first 200 of /health/ready, and what it then holds in memory:
 * `node bench/start.ts [postgresql://…]`. Always on PGlite with data from an earlier start; on PostgreSQL when
 * an empty database is named (its schema is created there). Reports, and judges nothing.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Environment, type Settings, say, withFolder, withService } from './service.ts';

const RUNS = 5;

interface Measured {
  readonly readyAfterMs: number;
  readonly residentMegabytes: number;
}

const [databaseUrl] = process.argv.slice(2);
await measure('PGlite, existing data', {});
if (databaseUrl !== undefined) await measure('PostgreSQL', { AUTH_SERVICE_DATABASE_URL: databaseUrl });
else say('PostgreSQL: not measured, no URL was given');

async function measure(title: string, settings: Settings): Promise<void> {
  await withFolder(settings, async (env) => {
    const first = await startOnce(env);
    const runs: Measured[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await startOnce(env));
    say(
      `${title}, ${RUNS} starts (the first one, which makes the schema: ${first.readyAfterMs.toFixed(0)} ms)`,
    );
    say(`  ready     ${describe(runs.map(({ readyAfterMs }) => readyAfterMs))} ms`);
    say(`  resident  ${describe(runs.map(({ residentMegabytes }) => residentMegabytes))} MB`);
  });
}

function startOnce(env: Environment): Promise<Measured> {
  return withService(env, ({ child, readyAfterMs }) => ({
    readyAfterMs,
    residentMegabytes: residentMegabytes(child),
  }));
}

/** What the kernel counts, Linux only: the service's own view would leave out its libraries. */
function residentMegabytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

function describe(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b).map((value) => value.toFixed(0));
  return `median ${sorted[Math.floor(sorted.length / 2)]} (${sorted[0]} to ${sorted.at(-1)})`;
}
