/** Why GoTrue gave no answer that could be used. For the log; callers are told `identity_unavailable`. */
export class OutageError extends Error {
  override readonly name = 'OutageError';
}

/** It answered, with more than is read here: no sign that it is away, since whose data it is can make it so. */
export class OversizeError extends Error {
  override readonly name = 'OversizeError';
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Of what people are answered. */
const BYTES_MAX = 2_000_000;
/** Of what the service asks for itself: a page of people may have written much about themselves. */
export const BYTES_MAX_FOR_SERVICE = 16_000_000;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i;
const WITHOUT_BODY: readonly number[] = [204, 205, 304];
/** What gateways say when what is behind them is gone (520 to 530: Cloudflare's). 500 is GoTrue's own. */
const isGatewayFault = (status: number) =>
  (status > 500 && status <= 504) || (status >= 520 && status <= 530);

/** @throws OutageError for whatever is no JSON from GoTrue itself; OversizeError. */
export async function readAnswer(response: Response, bytesMax = BYTES_MAX): Promise<Answer> {
  const { status, headers } = response;
  try {
    if (isGatewayFault(status)) throw new OutageError(`the answer has the status ${status}`);
    if (status >= 300 && status < 400) throw new OutageError(`the answer is a redirect (${status})`);
    if (WITHOUT_BODY.includes(status)) return { status, headers, body: '' };
    const body = await readBounded(response, bytesMax);
    const isJson = JSON_TYPE.test(headers.get('content-type') ?? '') && isJsonText(body);
    // What stands in front may refuse a request in its own words: that is no word of GoTrue's, and no sign that it is away.
    if (!isJson && status >= 400 && status < 500) return { status, headers, body: '' };
    if (!isJson && body !== '') throw new OutageError(`the answer (${status}) is no JSON`);
    return { status, headers, body };
  } finally {
    // What nobody reads would keep its connection.
    if (!response.bodyUsed) await response.body?.cancel().catch(() => undefined);
  }
}

async function readBounded({ body }: Response, bytesMax: number): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of body) {
    received += chunk.byteLength;
    if (received > bytesMax) throw new OversizeError(`the answer has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
