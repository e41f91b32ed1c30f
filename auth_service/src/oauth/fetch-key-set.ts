import { Resolver } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';

const DEADLINE_MS = 2000;
const BYTES_MAX = 65_536;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i;

export interface KeySetFetchOptions {
  /** Which addresses may be connected to. Default: public ones. */
  readonly isAllowedAddress?: (address: string) => boolean;
  /** Addresses of name servers, with ports. Default: those of the system. */
  readonly nameServers?: readonly string[];
  /** What is trusted in place of the authorities that Node knows, in PEM. */
  readonly ca?: string;
  /** For everything together. Default: 2000. */
  readonly deadlineMs?: number;
}

/** The JSON behind an https URL. @throws Error saying why there is none; for the log, not for whoever asked. */
export type FetchKeySet = (uri: string) => Promise<unknown>;

/**
 * Fetches what a client has named, and nothing that it should not reach: names are looked up here, every address must be
 * allowed, and the connection goes to one of those very addresses, so that a name that means another one a moment later
 * changes nothing. No redirects, no proxy, 64 KB, two seconds.
 */
export function createKeySetFetch(options: KeySetFetchOptions = {}): FetchKeySet {
  const { isAllowedAddress = isPublicAddress, deadlineMs = DEADLINE_MS } = options;

  return async (uri) => {
    const url = new URL(uri);
    if (url.protocol !== 'https:') throw new Error('only https is fetched');
    const deadline = AbortSignal.timeout(deadlineMs);
    const addresses = await addressesOf(url.hostname.replace(/^\[|\]$/g, ''), deadline, options.nameServers);
    if (addresses.length === 0) throw new Error('the name has no address');
    if (!addresses.every(isAllowedAddress))
      throw new Error('the name leads to an address that is not public');
    const answer = await request(url, addresses, deadline, options.ca);
    return JSON.parse(await readBody(answer));
  };
}

/** Not through getaddrinfo: names of strangers must not keep the thread pool waiting, which files and hashes share. */
async function addressesOf(
  name: string,
  deadline: AbortSignal,
  nameServers: readonly string[] | undefined,
): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  const resolver = new Resolver({ timeout: DEADLINE_MS / 2, tries: 2 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  const cancel = () => resolver.cancel();
  deadline.addEventListener('abort', cancel);
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  deadline.removeEventListener('abort', cancel);
  deadline.throwIfAborted();
  const addresses = found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const [failure] = found.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  if (addresses.length === 0 && failure !== undefined) throw failure;
  return addresses;
}

function request(
  url: URL,
  addresses: readonly string[],
  deadline: AbortSignal,
  ca: string | undefined,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get(
    url,
    {
      agent: false,
      lookup: lookupAmong(addresses),
      rejectUnauthorized: true,
      signal: deadline,
      headers: { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' },
      ...(ca === undefined ? {} : { ca }),
    },
    resolve,
  ).on('error', reject);
  return promise;
}

/** What the name means was found out before, and is not asked again. */
function lookupAmong(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, { all }, callback) =>
    all ? callback(null, known) : callback(null, known[0]?.address ?? '', known[0]?.family);
}

async function readBody(answer: IncomingMessage): Promise<string> {
  try {
    const { statusCode, headers } = answer;
    // A redirect is an answer like any other that is not 200.
    if (statusCode !== 200) throw new Error(`the answer has the status ${statusCode}`);
    if (!JSON_TYPE.test(headers['content-type'] ?? '')) throw new Error('the answer is no JSON');
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new Error('the answer is encoded');
    const chunks: Buffer[] = [];
    let received = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > BYTES_MAX) throw new Error(`the answer has more than ${BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    answer.destroy();
  }
}
