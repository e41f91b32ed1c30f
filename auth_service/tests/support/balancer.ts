import { Agent, createServer, get, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PROBE_INTERVAL_MS = 100;
const PROBE_TIMEOUT_MS = 1_000;

/**
 * Passes requests on in turn to those that are ready, over connections that it keeps. It tries nothing twice: what goes
 * wrong on the way is answered with 502 and remembered, so that nothing is hidden from who counts.
 */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** What went wrong with requests that were passed on. */
  readonly failures: readonly string[];
  /** Those that get requests now. */
  ready(): readonly string[];
}

interface Target {
  readonly url: string;
  readonly agent: Agent;
  isReady: boolean;
}

export async function startBalancer(urls: readonly string[]): Promise<Balancer> {
  const failures: string[] = [];
  const targets = urls.map((url): Target => ({ url, agent: new Agent({ keepAlive: true }), isReady: false }));
  let turn = 0;

  function pass(incoming: IncomingMessage, reply: ServerResponse): void {
    const ready = targets.filter(({ isReady }) => isReady);
    const target = ready[turn++ % ready.length];
    if (target === undefined) {
      fail(reply, 'none is ready');
      return;
    }
    const { method, headers, url: path } = incoming;
    const outgoing = request(`${target.url}${path}`, { method, headers, agent: target.agent }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, withoutConnection(answer));
      answer.pipe(reply);
      answer.on('error', (error) => fail(reply, `${target.url} ${error.message}`));
    });
    outgoing.on('error', (error) => fail(reply, `${target.url} ${error.message}`));
    incoming.pipe(outgoing);
  }

  function fail(reply: ServerResponse, why: string): void {
    failures.push(why);
    if (reply.headersSent) reply.destroy();
    else reply.writeHead(502).end();
  }

  const probeAll = () => Promise.all(targets.map(probe));
  const probing = setInterval(() => void probeAll(), PROBE_INTERVAL_MS);
  await probeAll();
  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    ready: () => targets.filter(({ isReady }) => isReady).map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      clearInterval(probing);
      for (const { agent } of targets) agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What is said of the connection is said to us. */
function withoutConnection({ headers }: IncomingMessage): IncomingMessage['headers'] {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...others } = headers;
  return others;
}

function probe(target: Target): Promise<void> {
  return new Promise((resolve) => {
    const learn = (isReady: boolean) => {
      target.isReady = isReady;
      resolve();
    };
    const options = { agent: false as const, timeout: PROBE_TIMEOUT_MS };
    const asked = get(`${target.url}/health/ready`, options, (answer) => {
      answer.resume();
      learn(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', () => learn(false));
  });
}
