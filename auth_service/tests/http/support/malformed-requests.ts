/** Requests that no route may answer with success, made from a seed: a failure can be had again. */
export interface MalformedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string | Buffer;
}

type Choose = <T>(options: readonly T[]) => T;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'];
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
  'text/xml',
  'text/plain',
  '',
  ';;;',
  'application/json, application/json',
  'a'.repeat(2000),
];
const VALUES = [
  'client_credentials',
  '',
  'a\0b',
  '\u202e',
  '💥',
  '%00',
  '%zz',
  '../../etc/passwd',
  "' or 1=1 --",
  '{"a":1}',
  'x'.repeat(10_000),
  '9'.repeat(400),
];
const STRANGE_NAMES = ['__proto__', 'constructor', '', 'a\0'];
/** What the token endpoint reads. */
const TOKEN_NAMES = ['grant_type', 'scope', 'resource', 'client_id', 'client_secret'];
const AUTHORIZATIONS = [
  'Basic',
  'Basic ',
  'Basic :::',
  'Basic YTpi',
  `Basic ${Buffer.from('\0:\0').toString('base64')}`,
  `Basic ${Buffer.from('%zz:%').toString('base64')}`,
  `Basic ${'A'.repeat(9000)}`,
  'Bearer x.y.z',
  'Negotiate',
  '\u0001',
];
const PATH_ENDINGS = [
  '/',
  '//',
  '/..',
  '/%2e%2e%2f',
  '%00',
  '%',
  '%zz',
  '%c0%af',
  '.json',
  '/x/y',
  ';a=b',
  `/${'x'.repeat(3000)}`,
];

/** @param known the names that the route reads in its body */
export function createMalformedRequests(
  seed: number,
  known: readonly string[] = TOKEN_NAMES,
): (method: string, path: string) => MalformedRequest {
  const random = createSeededRandom(seed);
  const names = [...known, ...STRANGE_NAMES];
  const choose: Choose = (options) =>
    options[Math.floor(random() * options.length)] as (typeof options)[number];

  return (method, path) => {
    const headers = {
      'content-type': choose(TYPES),
      ...(random() < 0.5 ? { authorization: choose(AUTHORIZATIONS) } : {}),
      ...(random() < 0.3
        ? { [choose(['x-request-id', 'x-forwarded-for', 'accept', 'cookie'])]: choose(VALUES) }
        : {}),
    };
    const body = { headers, payload: malformedBody(choose, random, names) };
    const kind = random();
    if (kind < 0.3) return { ...body, method: choose(METHODS), url: path + choose(PATH_ENDINGS) };
    if (['GET', 'DELETE'].includes(method) || kind < 0.5) {
      const others = METHODS.filter((other) => other !== method && !(method === 'GET' && other === 'HEAD'));
      return { ...body, method: choose(others), url: path };
    }
    return { ...body, method, url: random() < 0.1 ? `${path}?client_secret=x` : path };
  };
}

function malformedBody(choose: Choose, random: () => number, names: readonly string[]): string | Buffer {
  const kind = random();
  if (kind < 0.2) return Buffer.from(Array.from({ length: 64 }, () => Math.floor(random() * 256)));
  if (kind < 0.5) {
    const pairs = Array.from(
      { length: 1 + Math.floor(random() * 5) },
      () => `${choose(names)}=${choose(VALUES)}`,
    );
    return pairs.join(choose(['&', '&&', ';', '\0']));
  }
  const json = JSON.stringify(Object.fromEntries(names.map((name) => [name, jsonValue(choose, random, 3)])));
  if (kind < 0.6) return json.slice(0, Math.floor(random() * json.length));
  if (kind < 0.65) return `${'['.repeat(100_000)}`;
  if (kind < 0.7) return `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_001)}`;
  return kind < 0.8 ? JSON.stringify(jsonValue(choose, random, 3)) : json;
}

function jsonValue(choose: Choose, random: () => number, depth: number): unknown {
  const kind = depth === 0 ? 0 : random();
  if (kind < 0.4) return choose(VALUES);
  if (kind < 0.7) return choose([null, true, 0, -1, 1e308, 0.1]);
  const values = Array.from({ length: 3 }, () => jsonValue(choose, random, depth - 1));
  return kind < 0.85 ? values : { ...values };
}

/** mulberry32 */
function createSeededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
