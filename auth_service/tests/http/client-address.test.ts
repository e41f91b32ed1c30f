import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpSettings } from '#http';
import { buildWireApp } from './support/build-wire-app.ts';

/** The address a request is logged with, and counted by. */
async function addressOf(
  trustedProxies: HttpSettings['server']['trustedProxies'],
  remoteAddress: string,
  forwardedFor?: string,
): Promise<unknown> {
  await using wire = buildWireApp({ server: { trustedProxies } });
  const { app, requestLines } = wire;
  await app.inject({
    url: '/nowhere',
    remoteAddress,
    headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
  });
  return requestLines()[0]?.client_ip;
}

describe("the client's address", () => {
  it("is the socket's, whatever a header claims, while no proxy is trusted", async () => {
    assert.equal(await addressOf([], '203.0.113.7', '198.51.100.1'), '203.0.113.7');
  });

  it('is the right-most one that no trusted proxy has', async () => {
    const proxies = ['10.0.0.0/8', '2001:db8:1::/48'];
    assert.equal(await addressOf(proxies, '10.0.0.1', '198.51.100.1'), '198.51.100.1');
    assert.equal(await addressOf(proxies, '10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.2'), '198.51.100.1');
    assert.equal(await addressOf(proxies, '2001:db8:1::5', '198.51.100.1'), '198.51.100.1');
    assert.equal(await addressOf(proxies, '10.0.0.1'), '10.0.0.1');
  });

  it('is not believed from a peer that is no proxy', async () => {
    assert.equal(await addressOf(['10.0.0.0/8'], '203.0.113.7', '198.51.100.1'), '203.0.113.7');
  });

  it('counts proxies from the socket when only their number is known', async () => {
    assert.equal(await addressOf(1, '10.0.0.1', '1.1.1.1, 198.51.100.1'), '198.51.100.1');
    assert.equal(await addressOf(2, '10.0.0.1', '198.51.100.1, 10.9.9.9'), '198.51.100.1');
    assert.equal(await addressOf(2, '10.0.0.1', '198.51.100.1'), '198.51.100.1');
  });

  it('is that of the last proxy when what it forwarded is no address', async () => {
    for (const header of ['unknown', '_hidden', '<script>', '999.1.1.1', '1.2.3.4.5', '', ' , ']) {
      assert.equal(await addressOf(['10.0.0.0/8'], '10.0.0.1', header), '10.0.0.1', header);
    }
  });

  it('has one spelling: no port, no zone, IPv4 never as IPv6', async () => {
    const spellings: [string, string][] = [
      ['::ffff:203.0.113.7', '203.0.113.7'],
      ['::FFFF:cb00:7107', '203.0.113.7'],
      ['203.0.113.7:4711', '203.0.113.7'],
      ['[2001:DB8::0:1]:4711', '2001:db8::1'],
      ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
      ['fe80::1%eth0', 'fe80::1'],
    ];
    for (const [given, expected] of spellings) {
      assert.equal(await addressOf(['10.0.0.1'], '10.0.0.1', given), expected, given);
    }
    assert.equal(await addressOf([], '::ffff:203.0.113.7'), '203.0.113.7');
  });

  it('warns about an ignored forwarding header, once a minute at most', async () => {
    await using wire = buildWireApp();
    const warnings = () => wire.logged().filter(({ level }) => level === 'WARNING');
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
      await wire.app.inject({ url: '/nowhere', headers: { [header]: '198.51.100.1' } });
    }
    assert.equal(warnings().length, 1);
    assert.match(String(warnings()[0]?.message), /TRUSTED_PROXIES/);
    wire.clock.ms += 60_000;
    await wire.app.inject({ url: '/nowhere', headers: { 'x-forwarded-for': '198.51.100.1' } });
    assert.equal(warnings().length, 2);
  });

  it('warns of nothing when the proxies are known', async () => {
    await using wire = buildWireApp({ server: { trustedProxies: 1 } });
    await wire.app.inject({ url: '/nowhere', headers: { 'x-forwarded-for': '198.51.100.1' } });
    assert.deepEqual(
      wire.logged().filter(({ level }) => level === 'WARNING'),
      [],
    );
  });
});
