import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import type { Logger } from '#observability';
import { connectionVariant, nextVariant } from './connection-variant.ts';
import { createServerProbe } from './server-probe.ts';

export interface PoolSettings {
  readonly url: string;
  readonly applicationName: string;
  readonly max: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** How long the client goes on waiting after the server should have ended the statement itself. */
const ANSWER_GRACE_MS = 2_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** How long a statement is unanswered before the server is asked whether it is still there, and how long that may take. */
const SILENCE_MS = 2_000;
const PROBE_TIMEOUT_MS = 3_000;

/**
 * A pool that never waits without end: not for a connection, not for an answer from a server that has gone silent
 * (whose connection is then cut: at once where the server has nothing to say to others either, and at the latest when it
 * should have ended the statement itself), not for the last statements when it closes.
 */
export function createBoundedPool(driver: typeof pg, settings: PoolSettings, logger: Logger): PostgresPool {
  const clients = new Set<pg.PoolClient>();
  let variant = connectionVariant(settings.url);
  let pool = openPool();
  const probe = createServerProbe(driver, Math.min(PROBE_TIMEOUT_MS, settings.connectTimeoutMs));

  function openPool(): pg.Pool {
    const opened = new driver.Pool({
      connectionString: variant.url,
      max: settings.max,
      connectionTimeoutMillis: settings.connectTimeoutMs,
      idleTimeoutMillis: settings.idleTimeoutMs,
      application_name: settings.applicationName,
      keepAlive: true,
      ...(variant.sendsLimits
        ? {
            statement_timeout: settings.statementTimeoutMs,
            idle_in_transaction_session_timeout: settings.statementTimeoutMs,
          }
        : {}),
    });
    opened.on('connect', (client) => {
      clients.add(client);
      // Without a listener a connection lost in use would end the process; whoever uses it hears of it anyway.
      client.on('error', () => {});
    });
    opened.on('remove', (client) => clients.delete(client));
    // The same for one that is lost while nobody uses it.
    opened.on('error', (error) => logger.warning('a database connection was lost', { error }));
    return opened;
  }

  async function connect(): Promise<pg.PoolClient> {
    const asked = pool;
    try {
      return await asked.connect();
    } catch (error) {
      const next = nextVariant(variant, error);
      if (next === null && asked === pool) throw error;
      if (next !== null) {
        variant = next;
        pool = openPool();
      }
      return await connect();
    }
  }

  return {
    options: {},
    connect: async () =>
      boundClient(await connect(), {
        begin: variant.sendsLimits ? 'begin' : beginWithin(settings.statementTimeoutMs),
        answerTimeoutMs: settings.statementTimeoutMs + ANSWER_GRACE_MS,
        isServerThere: () => probe(variant.url),
      }),
    async end() {
      const timer = new AbortController();
      const cut = sleep(CLOSE_TIMEOUT_MS, undefined, { signal: timer.signal }).then(
        () => clients.forEach(cutConnection),
        () => undefined,
      );
      await pool.end();
      timer.abort();
      await cut;
    },
  };
}

interface ClientBounds {
  /** What is said for `begin`. */
  readonly begin: string;
  readonly answerTimeoutMs: number;
  readonly isServerThere: () => Promise<boolean>;
}

function boundClient(client: pg.PoolClient, bounds: ClientBounds): PostgresPoolClient {
  let isCut = false;
  const query = async (sql: string, parameters: readonly unknown[]) => {
    const watch = watchAnswer(bounds, () => {
      isCut = true;
      cutConnection(client);
    });
    try {
      return await client.query(sql === 'begin' ? bounds.begin : sql, [...parameters]);
    } finally {
      watch.end();
    }
  };
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy || isCut),
  };
}

/**
 * Behind a pooler the limits are the transaction's own, in the same message as its beginning. Without them a server
 * waits on for a lock whose asker has gone, and keeps those of a process that stands still.
 */
function beginWithin(milliseconds: number): string {
  const limits = ['statement_timeout', 'idle_in_transaction_session_timeout'];
  return ['begin', ...limits.map((name) => `set local ${name} = ${milliseconds}`)].join('; ');
}

/** Gives up on an answer that is out of time, or whose server is gone without a word. */
function watchAnswer({ answerTimeoutMs, isServerThere }: ClientBounds, giveUp: () => void): { end(): void } {
  let isOver = false;
  let silence = setTimeout(look, SILENCE_MS);
  const late = setTimeout(giveUp, answerTimeoutMs);

  async function look(): Promise<void> {
    const isThere = await isServerThere();
    if (isOver) return;
    if (isThere) silence = setTimeout(look, SILENCE_MS);
    else giveUp();
  }

  return {
    end() {
      isOver = true;
      clearTimeout(silence);
      clearTimeout(late);
    },
  };
}

/** What waits for an answer fails as a lost connection. */
function cutConnection(client: pg.PoolClient): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
