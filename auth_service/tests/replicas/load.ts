import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMINISTRATOR } from '../support/replicas.ts';
import { type Administrator, type Answer, ask, askForToken, type Client } from './caller.ts';

export interface Load {
  readonly sent: () => number;
  /** What was not answered as it should be: each is one request. */
  readonly failures: readonly string[];
  /** The answers to those who asked for tokens. */
  readonly tokens: readonly Answer[];
  /** No more are sent; resolves once all are answered. */
  stop(): Promise<void>;
}

/** Of ten requests, seven are for tokens; the others ask about one or use it, and one in fifty is a log-in. */
export function startLoad(
  base: string,
  perSecond: number,
  administrator: Administrator,
  client: Client,
): Load {
  const agent = new Agent({ keepAlive: true });
  const failures: string[] = [];
  const tokens: Answer[] = [];
  const running = new Set<Promise<void>>();
  const { token } = administrator;
  const { basic } = client;
  let sent = 0;
  let isOver = false;

  function send(n: number): Promise<Answer> {
    if (n % 50 === 20) return ask(base, 'POST /users/login', { body: ADMINISTRATOR, agent });
    if (n % 10 === 7) return ask(base, 'GET /users/me', { token, agent });
    if (n % 10 === 8) return ask(base, 'GET /admin/roles', { token, agent });
    if (n % 10 === 9) return ask(base, 'POST /introspect', { basic, form: { token }, agent });
    return askForToken(base, basic, agent).then((answer) => {
      tokens.push(answer);
      return answer;
    });
  }

  function sendOne(): void {
    const one = send(sent++).then(
      ({ status, body }) => {
        if (status !== 200) failures.push(`${status} ${JSON.stringify(body)}`);
      },
      (error: Error) => void failures.push(error.message),
    );
    running.add(one);
    one.finally(() => running.delete(one));
  }

  /** As many as are due, however late a turn comes. */
  async function run(): Promise<void> {
    const startedAt = performance.now();
    while (!isOver) {
      const due = ((performance.now() - startedAt) / 1000) * perSecond;
      while (sent < due) sendOne();
      await sleep(5);
    }
  }

  const over = run();
  return {
    sent: () => sent,
    failures,
    tokens,
    async stop() {
      isOver = true;
      await over;
      await Promise.all(running);
      agent.destroy();
    },
  };
}
