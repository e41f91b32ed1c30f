import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import type { Logger } from '#observability';
import type { Gate } from './gate.ts';
import { claimSocketFolder, socketIn } from './socket-path.ts';
import { createSocketSession, type SocketSession } from './socket-session.ts';
import { createTurn, type TurnLimits } from './turn.ts';
import { createFrameReader, type Frame } from './wire-frames.ts';
import { answerStartup } from './wire-startup.ts';

export interface SocketServer {
  /** Hangs up on everybody; what was not committed is rolled back. */
  close(): Promise<void>;
}

export interface SocketServerOptions {
  readonly database: PGlite;
  readonly gate: Gate;
  /** The data folder. */
  readonly directory: string;
  readonly limits: TurnLimits;
  readonly logger: Logger;
}

const MAX_CONNECTIONS = 32;
const TERMINATE = 0x58; // X

/**
 * Lets other processes of this user work with the embedded database, in PostgreSQL's wire protocol. Not pglite-socket:
 * there the statements of this process come between those of a client's transaction, what a client sets stays set for
 * all, and a client that goes at the wrong moment takes this process with it.
 */
export async function serveSocket(options: SocketServerOptions): Promise<SocketServer> {
  const { database, gate, directory, limits, logger } = options;
  const { rows } = await database.query<{ server_version: string }>('show server_version');
  const serverVersion = rows[0]?.server_version ?? '';
  const conversations = new Map<Socket, Promise<void>>();

  function accept(socket: Socket): void {
    const onOverstay = (reason: string) => {
      logger.warning('a client of the embedded database was hung up on', { reason });
      socket.destroy();
    };
    const session = createSocketSession(database, createTurn(gate, limits, onOverstay));
    const conversation = converse(socket, session, serverVersion).finally(() => conversations.delete(socket));
    conversations.set(socket, conversation);
  }

  const path = socketIn(claimSocketFolder(directory));
  // Whoever left one behind is gone: the folder's lock is ours.
  rmSync(path, { force: true });
  const server = createServer(accept);
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, path);
  chmodSync(path, 0o600);
  // A connection that cannot be accepted, for want of file descriptors say, must not end the process.
  server.on('error', (error) =>
    logger.warning('a client of the embedded database was not let in', { error }),
  );

  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of conversations.keys()) socket.destroy();
      await Promise.all([...conversations.values(), closed]);
      rmSync(path, { force: true });
    },
  };
}

/** Goes on until one of the two hangs up. Never rejects: a client's fault is the client's. */
async function converse(socket: Socket, session: SocketSession, serverVersion: string): Promise<void> {
  // Errors end the reading below; one that comes later must not end the process.
  socket.on('error', () => {});
  const reader = createFrameReader();
  let isReady = false;

  async function answer(frame: Frame): Promise<Buffer | null> {
    if (isReady) return frame[0] === TERMINATE ? null : await session.run(frame);
    const startup = answerStartup(frame, serverVersion);
    if (startup?.isReady) {
      isReady = true;
      reader.endStartup();
    }
    return startup?.bytes ?? null;
  }

  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (const frame of reader.read(chunk)) {
        const bytes = await answer(frame);
        if (bytes === null) return;
        socket.write(bytes);
      }
    }
  } catch {
    // Not the protocol, no turn in time, or hung up on.
  } finally {
    await session.end();
    socket.destroy();
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
