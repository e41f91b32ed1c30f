import { Agent, request } from 'node:http';

/** Longer than any bound of the service: who waits this long waits for ever. */
const PATIENCE_MS = 30_000;

export interface Asked {
  /** `Basic …` or `Bearer …`. */
  readonly as?: string;
  readonly method?: 'POST' | 'PATCH' | 'PUT';
  readonly json: object;
}

export interface Answer {
  /** 0: there was none. */
  readonly status: number;
  readonly retryAfter: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered; who asked looks at it.
  readonly body: any;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Why there was no answer. */
  readonly fault: string | null;
}

export type Send = (path: string, asked: Asked) => Promise<Answer>;

/** Over connections that are kept; never tried twice. */
export function openCaller(base: string): { send: Send; close(): void } {
  const agent = new Agent({ keepAlive: true });
  return {
    send: (path, asked) => send(agent, `${base}/api/v1/auth${path}`, asked),
    close: () => agent.destroy(),
  };
}

function send(agent: Agent, url: string, { as, method = 'POST', json }: Asked): Promise<Answer> {
  const payload = JSON.stringify(json);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const end = (status: number, body: unknown, retryAfter?: string, fault: string | null = null) =>
      resolve({ status, body, retryAfter, fault, startedAt, endedAt: performance.now() });
    const fail = (error: Error) => end(0, null, undefined, error.message);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      ...(as === undefined ? {} : { authorization: as }),
    };
    const sent = request(url, { method, headers, agent, timeout: PATIENCE_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', fail);
      answer.on('end', () => end(answer.statusCode ?? 0, parse(text), answer.headers['retry-after']));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)));
    sent.on('error', fail);
    sent.end(payload);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
