import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { Kysely, PGliteDialect } from 'kysely';
import { ServiceError } from '#errors';
import type { Engine } from '../engine/engine.ts';
import { observeDialect } from '../engine/observed-dialect.ts';
import { SCHEMA, type Tables } from '../tables.ts';
import { openDataFolder } from './data-folder.ts';
import { DURABLE_START_PARAMETERS, durableFiles } from './durable-files.ts';
import type { EmbeddedOptions } from './embedded.ts';
import type { FolderLock } from './folder-lock.ts';
import { createGate } from './gate.ts';
import { type SocketServer, type SocketServerOptions, serveSocket } from './socket-server.ts';

/** The server's own statements wait longer for their turn than a client may keep it in silence. */
const TURN_TIMEOUT_MS = 10_000;
const CLIENT_LIMITS = { turnTimeoutMs: 15_000, silenceTimeoutMs: 5_000, unitTimeoutMs: 60_000 };

/** Opens PGlite in this process, which holds the folder's lock, and serves the folder's socket in mode `serve`. */
export async function openOwnDatabase(options: EmbeddedOptions, lock: FolderLock): Promise<Engine> {
  const { directory, mode, logger, onStatement } = options;
  const database = await openDataFolder(directory, openPGlite);
  const gate = createGate();
  const server =
    mode === 'serve' ? await serve({ database, gate, directory, limits: CLIENT_LIMITS, logger }) : null;
  let isClosed = false;
  const enter = async () => {
    if (isClosed) throw busy();
    return await gate.enter(TURN_TIMEOUT_MS, busy);
  };
  const dialect = observeDialect(new PGliteDialect({ pglite: database }), { onStatement, enter });
  const db = new Kysely<Tables>({ dialect }).withSchema(SCHEMA);

  return {
    kind: 'embedded',
    db,
    checkTimeoutMs: TURN_TIMEOUT_MS,
    withSchemaDatabase: (work) => work(db),
    async close() {
      isClosed = true;
      await server?.close();
      try {
        await gate.enter(TURN_TIMEOUT_MS, busy);
      } catch {
        // The folder stays ours until the process ends, and with it what hangs: nothing of that was committed.
        logger.warning('the embedded database was left without closing it: a transaction did not end');
        return;
      }
      await database.close();
      lock.release();
    },
  };
}

async function serve(options: SocketServerOptions): Promise<SocketServer> {
  try {
    return await serveSocket(options);
  } catch (error) {
    // Whoever takes the folder next must find it closed.
    await options.database.close();
    throw error;
  }
}

function openPGlite(directory: string): Promise<PGlite> {
  return PGlite.create({
    fs: durableFiles(directory),
    startParams: [...DURABLE_START_PARAMETERS],
    relaxedDurability: false,
    extensions: { pg_trgm },
  });
}

function busy(): ServiceError {
  return new ServiceError('database_unavailable', undefined, { retryAfterSeconds: 1 });
}
