import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Stands between a client and a server, and breaks what is between them. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How often the client spoke after it had been silent or the server had answered. */
  exchanges: number;
  /** Connections that were made since the start. */
  readonly accepted: () => number;
  /** Ends every connection, as a reset; new ones are taken. */
  cut(): void;
  /** Ends every connection with the next bytes that the server sends, of which half arrive; some may pass before. */
  cutInTheMiddle(afterAnswers?: number): void;
  /** Passes nothing on in either direction, and says nothing about it. */
  pause(): void;
  resume(): void;
  /** New connections pass again; those that are there stay mute for ever. */
  forgetPaused(): void;
  /** What is sent arrives this many milliseconds later, in either direction; 0: at once again. */
  slow(delayMs: number): void;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let accepted = 0;
  let isPaused = false;
  /** Answers that still pass whole. */
  let passesBeforeCut = Number.POSITIVE_INFINITY;
  let delayMs = 0;
  let lastToSpeak: 'client' | 'server' | null = null;

  const server = createServer((client) => {
    accepted += 1;
    const upstream = connect(targetPort, '127.0.0.1');
    const pair = [client, upstream] as const;
    const [towardsServer, towardsClient] = [createWay(), createWay()];
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      if (isPaused) socket.pause();
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (lastToSpeak !== 'client') proxy.exchanges += 1;
      lastToSpeak = 'client';
      towardsServer(() => upstream.write(chunk));
    });
    upstream.on('data', (chunk: Buffer) => {
      lastToSpeak = 'server';
      if (passesBeforeCut-- > 0) towardsClient(() => client.write(chunk));
      else client.write(chunk.subarray(0, chunk.length / 2), () => proxy.cut());
    });
  });

  /** Passes on what is sent one way, late where it is slow, and always in order. */
  function createWay(): (pass: () => void) => void {
    let last: Promise<unknown> = Promise.resolve();
    let waiting = 0;
    return (pass) => {
      if (delayMs === 0 && waiting === 0) return pass();
      waiting += 1;
      last = Promise.all([last, sleep(delayMs)]).then(() => {
        waiting -= 1;
        pass();
      });
    };
  }

  const proxy: TcpProxy = {
    port: 0,
    exchanges: 0,
    accepted: () => accepted,
    cut() {
      passesBeforeCut = Number.POSITIVE_INFINITY;
      for (const [client, upstream] of pairs) {
        client.resetAndDestroy();
        upstream.destroy();
      }
    },
    cutInTheMiddle(afterAnswers = 0) {
      passesBeforeCut = afterAnswers;
    },
    pause() {
      isPaused = true;
      for (const socket of [...pairs].flat()) socket.pause();
    },
    resume() {
      isPaused = false;
      for (const socket of [...pairs].flat()) socket.resume();
    },
    forgetPaused() {
      isPaused = false;
    },
    slow(milliseconds) {
      delayMs = milliseconds;
    },
    [Symbol.asyncDispose]() {
      proxy.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return Object.assign(proxy, { port: typeof address === 'object' && address !== null ? address.port : 0 });
}
