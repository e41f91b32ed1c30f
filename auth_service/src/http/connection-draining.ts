import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Milliseconds that a connection without a request has for one that is already on its way. */
const SILENT_AT_MOST_MS = 1_000;
/** The same for requests that are there: the longest statement is over by then. Whoever still sends, sends in vain. */
const SERVED_AT_MOST_MS = 12_000;

/**
 * Who connected and said nothing, or half a request, keeps no stop waiting: Node ends only connections that had an answer,
 * and looks after none of the bounds on the others any more once it closes.
 */
export function addConnectionDraining(app: FastifyInstance): void {
  /** How many requests each works on. */
  const inFlight = new Map<Socket, number>();
  const count = (socket: Socket, difference: number) => {
    const before = inFlight.get(socket);
    if (before !== undefined) inFlight.set(socket, before + difference);
  };

  app.server.on('connection', (socket: Socket) => {
    inFlight.set(socket, 0);
    socket.once('close', () => inFlight.delete(socket));
  });
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    count(socket, 1);
    reply.raw.once('close', () => count(socket, -1));
    done();
  });
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const [socket, requests] of inFlight) if (requests === 0) socket.destroy();
    }, SILENT_AT_MOST_MS).unref();
    setTimeout(() => app.server.closeAllConnections(), SERVED_AT_MOST_MS).unref();
    done();
  });
}
