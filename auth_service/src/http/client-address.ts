import { isIP, SocketAddress } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { HttpSettings } from './dependencies.ts';
import { addressInForwarded, elementsFromRight } from './forwarding-header.ts';
import { createProxyTrust } from './proxy-trust.ts';

/** Stands for a caller whose connection is gone before its address was asked for. */
const UNKNOWN = '0.0.0.0';

const PORT = String.raw`(?::(?:\d{1,5}|_[\w.-]+))?`;
const IPV4_WITH_PORT = new RegExp(String.raw`^([\d.]+)${PORT}$`);
const BRACKETED = new RegExp(String.raw`^\[([^\]]+)\]${PORT}$`);
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/**
 * The caller's address: the socket's, or, behind trusted proxies, the right-most one that none of them has. Each address
 * in the header was written by whoever stands to the right of it, so that the walk from the socket to the left ends at
 * the first whose word is not taken, and what is further left is never looked at. A proxy that forwards no address
 * (`unknown`, RFC 7239 §6.2) counts as the caller itself.
 */
export function createClientAddress(server: HttpSettings['server']): (request: FastifyRequest) => string {
  const header = server.trustedProxyHeader;
  const isForwarded = header === 'forwarded';
  const addressIn = isForwarded ? addressInForwarded : (element: string) => element;
  const isTrusted = createProxyTrust(server.trustedProxies);

  return ({ raw }) => {
    let address = canonicalAddress(raw.socket.remoteAddress ?? '') ?? UNKNOWN;
    const elements = elementsFromRight(String(raw.headers[header] ?? ''), { mayBeQuoted: isForwarded });
    for (let hop = 0; isTrusted(address, hop); hop += 1) {
      const { value } = elements.next();
      const forwarded = canonicalAddress(addressIn(value ?? '') ?? '');
      if (forwarded === null) break;
      address = forwarded;
    }
    return address;
  };
}

/** One spelling for each address: no port, no zone, IPv4 never as IPv6. Null: no address. */
export function canonicalAddress(text: string): string | null {
  const trimmed = text.trim();
  const bare = (BRACKETED.exec(trimmed)?.[1] ?? IPV4_WITH_PORT.exec(trimmed)?.[1] ?? trimmed).replace(
    /%.*$/,
    '',
  );
  const version = isIP(bare);
  if (version === 4) return bare;
  if (version === 0) return null;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  return MAPPED_IPV4.exec(address)?.[1] ?? address;
}
