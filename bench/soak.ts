/**
 * Mixed load over three replicas while PostgreSQL and Redis break twice each: `npm run soak -- --seconds 600 --rate 120
 * [--database postgresql://…]`. Fails when an acknowledged write is not in the database at the end, when anything is
 * answered that is not right (but 503 with `Retry-After` while PostgreSQL is away, and 5 s after), when a replica does
 * not end by itself, or when memory grows. All of it is its own and on loopback, and gone afterwards; the database, where
 * one is named, has to be empty.
 */
import { availableParallelism, loadavg } from 'node:os';
import {
  findPostgresBinaries,
  startPostgresCluster,
} from '../auth_service/tests/support/postgres-cluster.ts';
import { ADMINISTRATOR, type Replicas, startReplicas } from '../auth_service/tests/support/replicas.ts';
import { say } from './service.ts';
import { describeDeeds } from './soak/deeds.ts';
import { createLedger } from './soak/ledger.ts';
import { load } from './soak/load.ts';
import { watchMemory } from './soak/memory.ts';
import { readOptions } from './soak/options.ts';
import { planOutages, scheduleOutages } from './soak/outages.ts';
import { reportLoad, reportMemory, reportWrites } from './soak/report.ts';
import { openCaller } from './soak/request.ts';
import { buildWorld, type World } from './soak/world.ts';

const SETTINGS = {
  LOGGING_LEVEL: 'WARNING',
  // Nothing that was revoked may be forgotten before it is looked for.
  M2M_JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '1440',
  // Counted in Redis with each request, and never reached.
  RATE_LIMIT_TOKEN: '1000000/minute',
  RATE_LIMIT_LOGIN: '1000000/minute',
  RATE_LIMIT_REGISTER: '1000000/minute',
};
/** Logs in once more with so many of the passwords that were changed. */
const TRIED_PASSWORDS = 40;

const options = readOptions(process.argv.slice(2));
const faults: string[] = [];
await using opened = new AsyncDisposableStack();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => opened.disposeAsync().finally(() => process.exit(1)));
}
const replicas = opened.use(
  await startReplicas({ databaseUrl: options.databaseUrl ?? (await startDatabase()), settings: SETTINGS }),
);
await soak(replicas);
for (const fault of faults) say(`FAILED: ${fault}`);
say(faults.length === 0 ? 'All of it held.' : `${faults.length} of it did not hold.`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function startDatabase(): Promise<string> {
  const binaries = findPostgresBinaries();
  if (binaries === null) throw new Error('PostgreSQL is not there: install it, or name a database.');
  const cluster = await startPostgresCluster(binaries);
  opened.defer(() => cluster.stop());
  return cluster.url;
}

async function soak(replicas: Replicas): Promise<void> {
  const { seconds, rate } = options;
  const callers = replicas.urls.map(openCaller);
  const sends = callers.map(({ send }) => send);
  const world = await buildWorld(sends[0] as (typeof sends)[0], ADMINISTRATOR);
  const ledger = createLedger();
  say(`${seconds} s at ${rate}/s over ${sends.length} replicas`);
  const memory = watchMemory(
    replicas.replicas.map((replica) => replica.pid() ?? 0),
    seconds,
  );
  const outages = scheduleOutages(planOutages(replicas), seconds);
  const [tallies] = await Promise.all([
    load({ seconds, rate, sends, shares: describeDeeds(world, ledger), excuse: outages.excuse }),
    outages.run(),
  ]);
  // A machine that is busy with other things answers late, and says little.
  say(`  load of the machine ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`);
  const grown = memory.stop();
  // At once: what has been acknowledged and is not yet written has to be written on the way out.
  await stopAll(replicas);
  const compared = await ledger.compare(replicas.query);
  await tryPasswords(replicas, world);
  for (const { close } of callers) close();

  for (const { name, from, to } of outages.lasted) say(`  ${name} for ${((to - from) / 1000).toFixed(1)} s`);
  reportLoad(tallies);
  reportWrites(compared);
  reportMemory(grown);
  for (const [name, { wrong, right }] of tallies) {
    if (wrong > 0) faults.push(`${name}: ${wrong} wrong answers`);
    if (right === 0) faults.push(`${name}: never done`);
  }
  for (const { write, missing } of compared) {
    if (missing.length > 0) faults.push(`${write}: ${missing.length} acknowledged and not there`);
  }
  for (const [index, { grownBy, allowed }] of grown.entries()) {
    if (!(grownBy <= allowed)) faults.push(`replica ${index + 1} grew by ${grownBy.toFixed(0)} MB`);
  }
}

async function stopAll({ replicas }: Replicas): Promise<void> {
  const exits = await Promise.all(replicas.map((replica) => replica.stop()));
  for (const [index, { code, signal }] of exits.entries()) {
    if (code !== 0) faults.push(`replica ${index + 1} ended with ${code ?? signal} after SIGTERM`);
  }
  for (const [index, { lines }] of replicas.entries()) {
    const worst = lines.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL');
    if (worst.length > 0) {
      faults.push(
        `replica ${index + 1} logged ${worst.length} errors, first: ${JSON.stringify(worst[0]).slice(0, 400)}`,
      );
    }
  }
}

/** After a restart, too, they are those that were acknowledged last. */
async function tryPasswords({ replicas, urls }: Replicas, { changed }: World): Promise<void> {
  await replicas[0]?.start();
  const { send, close } = openCaller(urls[0] ?? '');
  for (const { email, password } of [...changed.values()].slice(-TRIED_PASSWORDS)) {
    const { status } = await send('/users/login', { json: { email, password } });
    if (status !== 200) faults.push(`an acknowledged password opens nothing: ${status}`);
  }
  close();
}
