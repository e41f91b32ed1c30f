import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Answer, readAddresses } from './call.ts';
import { answerCall } from './endpoints.ts';
import { answerInstead, deliver, type Failures } from './failures.ts';
import type { Gateway } from './gateway.ts';
import type { GotrueOptions, RecordedRequest } from './options.ts';
import { Refusal, renderRefusal } from './refusal.ts';
import type { World } from './world.ts';

const PREFIX = '/auth/v1';
const JWKS_PATH = `${PREFIX}/.well-known/jwks.json`;
const MAX_BODY_BYTES = 1_048_576;

interface Arrival {
  readonly request: IncomingMessage;
  readonly target: URL;
  readonly text: string;
}

interface FrontOptions {
  readonly world: World;
  readonly gateway: Gateway;
  readonly failures: Failures;
  /** Does one thing after the other, and mirrors what it did. */
  readonly inTurn: (work: () => Promise<Answer>) => Promise<Answer>;
}

export interface Front {
  readonly serve: RequestListener;
  readonly requests: RecordedRequest[];
  jwksFetches(): number;
}

/** Where requests come in: they are recorded, may go wrong, and pass the gateway. */
export function createFront({ world, gateway, failures, inTurn }: FrontOptions): Front {
  const requests: RecordedRequest[] = [];
  let jwksFetches = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(request.url ?? '/', world.issuer);
    const arrival = { request, target, text: await readBody(request) };
    requests.push(record(arrival, world.options));
    if (target.pathname === JWKS_PATH) jwksFetches += 1;
    response.setHeader('date', world.now().toUTCString());
    const mode = failures.take(`${target.pathname}${target.search}`);
    if (mode !== null && answerInstead(response, mode)) return;
    const answer = await inTurn(() => passGateway(world, gateway, arrival)).catch((error) =>
      refuse(request, unexpected(error)),
    );
    await deliver(response, answer, mode);
  }

  return {
    serve(request, response) {
      serve(request, response).catch(() => response.destroy());
    },
    requests,
    jwksFetches: () => jwksFetches,
  };
}

async function passGateway(
  world: World,
  gateway: Gateway,
  { request, target, text }: Arrival,
): Promise<Answer> {
  if (!target.pathname.startsWith(`${PREFIX}/`)) {
    return { status: 404, body: { message: 'no Route matched with those values' } };
  }
  const path = target.pathname.slice(PREFIX.length);
  const admitted = gateway.admit(path, request.headers);
  if ('refusal' in admitted) return admitted.refusal;
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) {
    return refuse(request, new Refusal(413, 'request_entity_too_large', 'Request body too large'));
  }
  return await answerCall(world, {
    method: request.method ?? 'GET',
    path,
    query: target.searchParams,
    headers: admitted.headers,
    text,
    ...readAddresses(request.headers, socketAddress(request), world.options),
  });
}

/** A fault of the double, or of its database: as GoTrue says it, and with the cause for whoever reads the test. */
function unexpected(error: unknown): Refusal {
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`The GoTrue double failed: ${cause}\n`);
  const message = 'Unexpected failure, please check server logs for more information';
  return new Refusal(500, 'unexpected_failure', message);
}

function refuse(request: IncomingMessage, refusal: Refusal): Answer {
  return renderRefusal(refusal, request.headers['x-supabase-api-version']?.toString());
}

function record({ request, target, text }: Arrival, options: GotrueOptions): RecordedRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: request.method ?? 'GET',
    path: target.pathname,
    search: target.search,
    headers: Object.fromEntries(headers),
    body: parsed(text),
    ip: readAddresses(request.headers, socketAddress(request), options).address,
  };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function socketAddress(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '127.0.0.1';
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
