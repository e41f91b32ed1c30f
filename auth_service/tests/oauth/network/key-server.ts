import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Certificate, makeCertificate } from './certificate.ts';

export const HOST = 'keys.example';

export interface KeyServer extends AsyncDisposable {
  readonly port: number;
  /** The authority that vouches for it. */
  readonly ca: string;
  /** Connections to its port, whether or not anything was asked over them. */
  readonly connections: () => number;
  readonly requests: string[];
  urlOf(path: string, host?: string): string;
}

/** HTTPS on loopback, under the name keys.example. */
export async function startKeyServer(
  answer: RequestListener,
  certificate: Certificate = makeCertificate(HOST),
): Promise<KeyServer> {
  const requests: string[] = [];
  let connections = 0;
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    requests.push(`${request.headers.host} ${request.url}`);
    answer(request, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ca: certificate.cert,
    connections: () => connections,
    requests,
    urlOf: (path, host = HOST) => `https://${host}:${port}${path}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
