import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { GotrueDouble } from '../support/gotrue/double.ts';

/** Says what GoTrue never said, in its place. */
export interface InBetween extends AsyncDisposable {
  readonly url: string;
  /** From now on; what is asked of other paths goes through. Null: all of it. */
  answer(path: RegExp, scripted: ScriptedAnswer): void;
  /** GoTrue does it, and is not heard: its answer is lost from now on. */
  lose(path: RegExp): void;
  stopAnswering(): void;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly text: string;
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** A proxy before the double, for answers of any shape. */
export async function startInBetween(double: () => GotrueDouble): Promise<InBetween> {
  let script: { path: RegExp; answer: ScriptedAnswer | 'lost' } | null = null;

  function forward(request: IncomingMessage, response: ServerResponse, isLost: boolean): void {
    const { method, headers, url = '/' } = request;
    const onward = ask(double().url + url, { method, headers }, (answer) => {
      if (isLost) {
        answer.resume().on('end', () => request.socket.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('close', () => answer.complete || response.destroy());
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  const server = createServer((request, response) => {
    const known = script?.path.test(`${request.method} ${request.url}`) ? script.answer : null;
    if (known === null || known === 'lost') return forward(request, response, known === 'lost');
    request.resume();
    response.writeHead(known.status, { ...JSON_HEADERS, ...known.headers }).end(known.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    answer(path, answer) {
      script = { path, answer };
    },
    lose(path) {
      script = { path, answer: 'lost' };
    },
    stopAnswering() {
      script = null;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
