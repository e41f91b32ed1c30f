import ipaddr from 'ipaddr.js';

/** `::ffff:0:0/96` and `64:ff9b::/96` (RFC 6052 §2.1): another way to write, or to reach, an IPv4 address. */
const AROUND_IPV4 = [ipaddr.parseCIDR('::ffff:0:0/96'), ipaddr.parseCIDR('64:ff9b::/96')];
/** All that is given out of IPv6 so far; what lies beyond is special, also where no list names it. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/**
 * Whether an IP address belongs to the internet at large: neither to this host, nor to a network behind it, nor to the
 * metadata of a cloud. Forms that carry an IPv4 address are judged by that; tunnels (6to4, Teredo) never pass.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = innermost(ipaddr.parse(text));
  if (address.kind() === 'ipv6' && !address.match(GLOBAL_UNICAST)) return false;
  return address.range() === 'unicast';
}

function innermost(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address.kind() === 'ipv4' || !AROUND_IPV4.some((network) => address.match(network))) return address;
  return ipaddr.fromByteArray(address.toByteArray().slice(-4));
}
