import { BlockList, isIP } from 'node:net';
import type { HttpSettings } from './dependencies.ts';

/**
 * Whether the word of an address is taken about who stands behind it. A number says how many proxies stand in front:
 * then the socket (hop 0) is the first of them, whatever its address.
 */
export function createProxyTrust(
  proxies: HttpSettings['server']['trustedProxies'],
): (address: string, hop: number) => boolean {
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies;
  const networks = new BlockList();
  for (const network of proxies) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(prefix), family);
  }
  if (proxies.length === 0) return () => false;
  return (address) => networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
