import type { ChainableCommander } from 'ioredis';
import type { Connection } from './connection.ts';

type Command = readonly [name: string, ...values: string[]];
type Results = Awaited<ReturnType<ChainableCommander['exec']>>;

interface Waiting {
  readonly commands: readonly Command[];
  readonly answer: PromiseWithResolvers<NonNullable<Results>>;
}

/** What RateLimiterRedis asks of a client. */
export interface CounterStore {
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void;
  rlflxIncr(values: string[]): Promise<unknown>;
  multi(): CounterReading;
}

interface CounterReading {
  get(key: string): CounterReading;
  pttl(key: string): CounterReading;
  exec(): Promise<NonNullable<Results>>;
}

/**
 * The commands of one turn of the event loop in one write, answered in one round trip: those of one request, and of
 * every other request that came in with it. ioredis's own automatic pipelines would hold a batch back until the one
 * before it is answered. In a Cluster every key has its own node: there the commands go out one by one, side by side.
 */
export function createBatch(connection: Connection): CounterStore {
  let waiting: Waiting[] = [];
  const isDefined = new Set<string>();

  function send(commands: readonly Command[]): Promise<NonNullable<Results>> {
    const answer = Promise.withResolvers<NonNullable<Results>>();
    if (connection.isCluster) execute([{ commands, answer }]);
    else {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ commands, answer });
    }
    return answer.promise;
  }

  function flush(): void {
    const batch = waiting;
    waiting = [];
    execute(batch);
  }

  function execute(batch: readonly Waiting[]): void {
    const commands = batch.flatMap((each) => each.commands).map((command) => [...command]);
    connection
      .pipeline(commands)
      .exec()
      .then((results) => distribute(batch, results ?? []))
      .catch((error: unknown) => {
        for (const { answer } of batch) answer.reject(error);
      });
  }

  return {
    // Each limiter brings the same script.
    defineCommand(name, definition) {
      if (!isDefined.has(name)) connection.defineCommand(name, definition);
      isDefined.add(name);
    },
    async rlflxIncr(values) {
      const [result] = await send([['rlflxIncr', ...values]]);
      return result?.[1];
    },
    multi() {
      const commands: Command[] = [];
      const reading: CounterReading = {
        get(key) {
          commands.push(['get', key]);
          return reading;
        },
        pttl(key) {
          commands.push(['pttl', key]);
          return reading;
        },
        exec: () => send(commands),
      };
      return reading;
    },
  };
}

/** Each gets the results of its own commands, or the first error among them. */
function distribute(batch: readonly Waiting[], results: NonNullable<Results>): void {
  let start = 0;
  for (const { commands, answer } of batch) {
    const own = results.slice(start, start + commands.length);
    start += commands.length;
    const failed = own.find(([error]) => error !== null);
    if (failed !== undefined || own.length < commands.length)
      answer.reject(failed?.[0] ?? new Error('no result'));
    else answer.resolve(own);
  }
}
