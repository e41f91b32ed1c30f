/**
 * Whether the time of an answer tells which e-mails are known: `node bench/enumeration.ts [postgresql://…]`. Log-in with
 * a wrong password against log-in of nobody, and registering a known e-mail against a new one where accounts wait for
 * confirmation. One request at a time, the two kinds in turn, so that whatever slows the machine slows both. Always on
 * PGlite; on PostgreSQL when an empty database is named (schema and accounts are created there). Reports, and judges
 * nothing: what must hold, the same number of hashes and statements, is asserted by the tests.
 */
import { randomUUID } from 'node:crypto';
import { type Settings, say, withFolder, withService } from './service.ts';

const TRIES = 200;
/** Before anything counts: connections, compiled code, the list of common passwords. */
const WARM_UP = 20;
const PASSWORD = 'Wr3ath-Kettle-Lantern-71';
const KNOWN = 'known-to-the-bench@example.com';

interface Kind {
  readonly name: string;
  /** Answers the e-mail of the next try. */
  readonly email: () => string;
  readonly path: 'login' | 'register';
  readonly expected: 201 | 401;
}

const [databaseUrl] = process.argv.slice(2);
await measure('PGlite', {});
if (databaseUrl !== undefined) await measure('PostgreSQL', { AUTH_SERVICE_DATABASE_URL: databaseUrl });
else say('PostgreSQL: not measured, no URL was given');

async function measure(title: string, database: Settings): Promise<void> {
  const settings = {
    // The first administrator is an account that is confirmed, although accounts wait for confirmation here.
    INITIAL_ADMIN_EMAIL: KNOWN,
    INITIAL_ADMIN_PASSWORD: PASSWORD,
    MAILER_AUTOCONFIRM: 'false',
    RATE_LIMIT_LOGIN: 'off',
    RATE_LIMIT_REGISTER: 'off',
    ...database,
  };
  await withFolder(settings, (env) =>
    withService(env, async ({ url }) => {
      await requireKnown(url);
      say(`${title}, ${TRIES} tries of each, milliseconds`);
      await compare(url, [
        { name: 'log-in, wrong password', email: () => KNOWN, path: 'login', expected: 401 },
        { name: 'log-in, unknown e-mail', email: newEmail, path: 'login', expected: 401 },
      ]);
      await compare(url, [
        { name: 'register, known e-mail', email: () => KNOWN, path: 'register', expected: 201 },
        { name: 'register, new e-mail', email: newEmail, path: 'register', expected: 201 },
      ]);
    }),
  );
}

async function compare(url: string, kinds: readonly [Kind, Kind]): Promise<void> {
  const times = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  for (let run = -WARM_UP; run < TRIES; run += 1) {
    // Who comes second has what the first left in the caches: they take turns at that too.
    for (const kind of run % 2 === 0 ? kinds : kinds.toReversed()) {
      const took = await tryOnce(url, kind);
      if (run >= 0) times.get(kind)?.push(took);
    }
  }
  for (const [{ name }, taken] of times) say(`  ${name.padEnd(24)} ${describe(taken)}`);
  const [one = Number.NaN, other = Number.NaN] = [...times.values()].map((taken) => at(sortedOf(taken), 0.5));
  say(`  ${'difference of medians'.padEnd(24)} ${Math.abs(one - other).toFixed(2)}`);
}

async function tryOnce(url: string, { path, email, expected }: Kind): Promise<number> {
  const credentials = { email: email(), password: `${PASSWORD}-wrong` };
  const startedAt = performance.now();
  const status = await send(url, path, credentials);
  const took = performance.now() - startedAt;
  if (status !== expected) throw new Error(`${path} answered ${status}, not ${expected}`);
  return took;
}

/** A database with an administrator of its own knows another e-mail, and there would be nothing to compare. */
async function requireKnown(url: string): Promise<void> {
  const status = await send(url, 'login', { email: KNOWN, password: PASSWORD });
  if (status !== 200) throw new Error(`${KNOWN} is not the administrator: name an empty database`);
}

async function send(url: string, path: Kind['path'], credentials: object): Promise<number> {
  const response = await fetch(`${url}/api/v1/auth/users/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(credentials),
  });
  await response.arrayBuffer();
  return response.status;
}

function newEmail(): string {
  return `${randomUUID()}@example.com`;
}

function describe(values: readonly number[]): string {
  const sorted = sortedOf(values);
  const [median, p95, least, most] = [at(sorted, 0.5), at(sorted, 0.95), at(sorted, 0), at(sorted, 1)];
  return `median ${median.toFixed(2)}  p95 ${p95.toFixed(2)}  (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

function sortedOf(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}
