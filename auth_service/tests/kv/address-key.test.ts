import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey } from '#kv';

const CASES: readonly (readonly [string, string, string])[] = [
  ['an IPv4 address stands for itself', '203.0.113.7', '203.0.113.7'],
  ['an IPv4 address in IPv6 form is that address', '::ffff:203.0.113.7', '203.0.113.7'],
  ['an IPv4 address in hexadecimal IPv6 form is that address', '::FFFF:cb00:7107', '203.0.113.7'],
  ['an IPv6 address stands for its /64', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['a shortened IPv6 address is written out', '2001:db8::9', '2001:db8:0:0::/64'],
  ['leading zeros and case do not matter', '2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
  ['the loopback address has a /64 too', '::1', '0:0:0:0::/64'],
  ['a zone is left out', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['what is no address is taken as it is', 'unix', 'unix'],
];

for (const [name, address, key] of CASES) {
  test(name, () => assert.equal(addressKey(address), key));
}
