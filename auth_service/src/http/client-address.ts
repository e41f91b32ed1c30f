import { isIP, SocketAddress } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Stands for a caller whose connection is gone before its address was asked for. */
const UNKNOWN = '0.0.0.0';

const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/;
const BRACKETED = /^\[([^\]]+)\](?::\d{1,5})?$/;
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/**
 * The caller's address: the socket's, or, behind trusted proxies, the right-most one that none of them has.
 * A proxy that forwards no address (`unknown`, RFC 7239 §6.2) counts as the caller itself.
 */
export function clientAddress(request: Pick<FastifyRequest, 'ip' | 'ips'>): string {
  // Fastify lists them from the socket outwards and stops at the first that is not trusted.
  const addresses = request.ips ?? [request.ip];
  for (const address of addresses.toReversed()) {
    const canonical = canonicalAddress(address ?? '');
    if (canonical !== null) return canonical;
  }
  return UNKNOWN;
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
