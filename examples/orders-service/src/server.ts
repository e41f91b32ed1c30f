/**
 * Two routes behind a permission and one that is open. Each route names its permission in the table below, and one
 * place asks for it before any handler runs: a route cannot forget to check.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { type Caller, KeysUnavailable, TokenRefused, type TokenVerifier } from './verify-token.ts';

interface Order {
  readonly id: number;
  readonly item: string;
  readonly orderedBy: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Route {
  readonly permission: string;
  readonly handle: (caller: Caller, request: IncomingMessage) => Answer | Promise<Answer>;
}

/** An answer that is an error; rendered as problem+json (RFC 9457). */
class Problem extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, detail: string, headers: Record<string, string> = {}, cause?: unknown) {
    super(detail, { cause });
    this.status = status;
    this.headers = headers;
  }
}

const MAX_BODY_BYTES = 10_000;

export function createOrdersServer(verifyToken: TokenVerifier): Server {
  const orders: Order[] = [];
  const readOrders: Route = {
    permission: 'orders:read',
    handle: () => ({ status: 200, body: { orders } }),
  };
  const writeOrder: Route = {
    permission: 'orders:write',
    handle: (caller, request) => placeOrder(orders, caller, request),
  };
  const routes = new Map<string, Map<string, Route | 'open'>>([
    ['/health', new Map([['GET', 'open']])],
    [
      '/orders',
      new Map([
        ['GET', readOrders],
        ['POST', writeOrder],
      ]),
    ],
  ]);

  async function answer(request: IncomingMessage): Promise<Answer> {
    // The query is cut off and never read: a token there would end up in logs and histories (RFC 6750 §5.3).
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const methods = routes.get(path);
    if (methods === undefined) throw new Problem(404, 'There is nothing here.');
    const route = methods.get(request.method ?? '');
    if (route === undefined)
      throw new Problem(405, 'This path does not answer this method.', {
        Allow: [...methods.keys()].join(', '),
      });
    if (route === 'open') return { status: 200, body: { status: 'ok' } };
    return route.handle(await admit(request, route.permission, verifyToken), request);
  }

  return createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => send(response, status, 'application/json', body),
      (error: unknown) => sendProblem(response, error),
    );
  });
}

async function admit(
  request: IncomingMessage,
  permission: string,
  verifyToken: TokenVerifier,
): Promise<Caller> {
  const caller = await authenticate(request.headers.authorization, verifyToken);
  if (caller.permissions.includes(permission)) return caller;
  throw new Problem(403, `This needs the permission ${permission}, which the token does not carry.`, {
    'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${permission}"`,
  });
}

async function authenticate(authorization: string | undefined, verifyToken: TokenVerifier): Promise<Caller> {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined)
    // RFC 6750 §3.1: who brought no token made no mistake yet, so the challenge carries no error.
    throw new Problem(401, 'Send a token: Authorization: Bearer …', { 'WWW-Authenticate': 'Bearer' });
  try {
    return await verifyToken(token);
  } catch (error) {
    if (error instanceof TokenRefused)
      throw new Problem(401, `The token was refused: ${error.message}.`, {
        'WWW-Authenticate': `Bearer error="invalid_token", error_description="${error.message}"`,
      });
    // Not 401: the token may be good. The caller should try again, not throw it away.
    if (error instanceof KeysUnavailable)
      throw new Problem(503, 'Tokens cannot be checked right now.', { 'Retry-After': '5' }, error.cause);
    throw error;
  }
}

async function placeOrder(orders: Order[], caller: Caller, request: IncomingMessage): Promise<Answer> {
  const { item } = await readJson(request);
  if (typeof item !== 'string' || item === '') throw new Problem(422, 'An order names its "item".');
  const order = { id: orders.length + 1, item, orderedBy: caller.id };
  orders.push(order);
  return { status: 201, body: order };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  // destroyOnReturn would close the connection before the 413 is on its way.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Problem(413, 'The body is too large.', { Connection: 'close' });
    chunks.push(chunk);
  }
  try {
    return Object(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch {
    throw new Problem(400, 'The body is not JSON.');
  }
}

function sendProblem(response: ServerResponse, error: unknown): void {
  const problem =
    error instanceof Problem ? error : new Problem(500, 'Something went wrong here.', {}, error);
  if (problem.status >= 500) process.stderr.write(`${problem.message} ${problem.cause}\n`);
  for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
  const { status, message: detail } = problem;
  send(response, status, 'application/problem+json', {
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail,
  });
}

function send(response: ServerResponse, status: number, contentType: string, body: unknown): void {
  response.writeHead(status, { 'Content-Type': contentType }).end(JSON.stringify(body));
}
