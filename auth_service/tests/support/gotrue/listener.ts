import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { promisify } from 'node:util';

/** An HTTP server on loopback that can go and come back on its port. */
export interface Listener {
  readonly port: number;
  stop(): Promise<void>;
  restart(): Promise<void>;
}

export async function listen(port: number, serve: RequestListener): Promise<Listener> {
  let server = await open(port, serve);
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  return {
    port: taken,
    async stop() {
      if (!server.listening) return;
      const closed = promisify(server.close.bind(server))();
      server.closeAllConnections();
      await closed;
    },
    async restart() {
      if (!server.listening) server = await open(taken, serve);
    },
  };
}

async function open(port: number, serve: RequestListener): Promise<Server> {
  const server = createServer(serve).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
