import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { HttpSettings } from '#http';
import { buildWireApp, type WireApp } from './support/build-wire-app.ts';

type Server = Pick<HttpSettings['server'], 'trustedProxies'> & Partial<HttpSettings['server']>;
type Headers = Record<string, string | string[]>;

const PROXY = '10.0.0.1';
const CALLER = '198.51.100.1';
/** One proxy that writes the one header; what a caller sends in the other one arrives as it was. */
const BEHIND_XFF: Server = { trustedProxies: ['10.0.0.0/8'] };
const BEHIND_FORWARDED: Server = { trustedProxies: ['10.0.0.0/8'], trustedProxyHeader: 'forwarded' };

const wires = new Map<string, WireApp>();
after(async () => {
  for (const wire of wires.values()) await wire.app.close();
});

/** The address a request is logged with, and counted by. */
async function addressOf(server: Server, remoteAddress: string, headers: Headers = {}): Promise<unknown> {
  const name = JSON.stringify(server);
  const wire = wires.get(name) ?? buildWireApp({ server });
  wires.set(name, wire);
  const id = crypto.randomUUID();
  await wire.app.inject({ url: '/nowhere', remoteAddress, headers: { ...headers, 'x-request-id': id } });
  return wire.requestLines().find(({ request_id }) => request_id === id)?.client_ip;
}

const forwardedFor = (value: string): Headers => ({ 'x-forwarded-for': value });

describe("the client's address", () => {
  it("is the socket's, whatever a header claims, while no proxy is trusted", async () => {
    for (const server of [{ trustedProxies: [] }, { ...BEHIND_FORWARDED, trustedProxies: [] }]) {
      const headers = { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=1.1.1.1', 'x-real-ip': '1.1.1.1' };
      assert.equal(await addressOf(server, '203.0.113.7', headers), '203.0.113.7');
    }
  });

  it('is the right-most one that no trusted proxy has', async () => {
    const server = { trustedProxies: ['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.4'] };
    const of = (peer: string, value?: string) =>
      addressOf(server, peer, value === undefined ? {} : forwardedFor(value));
    assert.equal(await of(PROXY, CALLER), CALLER);
    assert.equal(await of(PROXY, `1.1.1.1, ${CALLER}, 10.0.0.2`), CALLER);
    assert.equal(await of(PROXY, `${CALLER},192.0.2.4 ,\t2001:db8:1::7`), CALLER);
    assert.equal(await of('2001:db8:1::5', CALLER), CALLER);
    assert.equal(await of('::ffff:10.0.0.1', CALLER), CALLER);
    assert.equal(await of(PROXY), PROXY);
    assert.equal(await of(PROXY, '10.0.0.3, 10.0.0.2'), '10.0.0.3');
    assert.equal(await of(PROXY, '192.0.2.5'), '192.0.2.5');
  });

  it('is not believed from a peer that is no proxy', async () => {
    for (const peer of ['203.0.113.7', '11.0.0.1', '::ffff:203.0.113.7']) {
      assert.equal(await addressOf(BEHIND_XFF, peer, forwardedFor(CALLER)), peer.replace('::ffff:', ''));
    }
  });

  it('counts proxies from the socket when only their number is known', async () => {
    const of = (trustedProxies: number, value: string) =>
      addressOf({ trustedProxies }, PROXY, forwardedFor(value));
    assert.equal(await of(1, `1.1.1.1, ${CALLER}`), CALLER);
    assert.equal(await of(2, `${CALLER}, 10.9.9.9`), CALLER);
    assert.equal(await of(2, `1.1.1.1, ${CALLER}, 10.9.9.9`), CALLER);
    assert.equal(await of(2, CALLER), CALLER);
  });

  it('is that of the last proxy when what it forwarded is no address', async () => {
    const garbage = [
      'unknown',
      '_hidden',
      '<script>',
      '999.1.1.1',
      '1.2.3.4.5',
      '127.1',
      '010.0.0.1',
      '0x7f000001',
      '2130706433',
      '1.1.1.1/8',
      '1.1.1.1:99999999',
      '[::1',
      'for=1.1.1.1',
      '"1.1.1.1"',
      '1.1.1.1;1.1.1.2',
      '1.1.1.1 1.1.1.2',
    ];
    for (const value of [...garbage, '', ' , ', `${CALLER},`, ...garbage.map((last) => `1.1.1.1, ${last}`)]) {
      assert.equal(await addressOf(BEHIND_XFF, PROXY, forwardedFor(value)), PROXY, value);
    }
  });

  it('has one spelling: no port, no zone, IPv4 never as IPv6', async () => {
    const spellings: [string, string][] = [
      ['::ffff:203.0.113.7', '203.0.113.7'],
      ['::FFFF:cb00:7107', '203.0.113.7'],
      ['203.0.113.7:4711', '203.0.113.7'],
      ['[2001:DB8::0:1]:4711', '2001:db8::1'],
      ['[::ffff:203.0.113.7]:4711', '203.0.113.7'],
      ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
      ['fe80::1%eth0', 'fe80::1'],
    ];
    for (const [given, expected] of spellings) {
      assert.equal(await addressOf({ trustedProxies: [PROXY] }, PROXY, forwardedFor(given)), expected, given);
    }
    assert.equal(await addressOf({ trustedProxies: [] }, '::ffff:203.0.113.7'), '203.0.113.7');
  });

  it('cannot be forged, in whatever position and spelling, nor by a header sent twice', async () => {
    const forgeries = [
      '1.1.1.1',
      '10.0.0.9',
      '::ffff:10.0.0.9',
      '127.0.0.1',
      'unknown',
      '',
      '"',
      '1.1.1.1,,',
      PROXY,
    ];
    for (const forged of forgeries) {
      for (const server of [BEHIND_XFF, { trustedProxies: 1 }]) {
        const appended = forwardedFor(`${forged}, ${CALLER}`);
        assert.equal(await addressOf(server, PROXY, appended), CALLER, forged);
        const twice = { 'x-forwarded-for': [forged, CALLER] };
        assert.equal(await addressOf(server, PROXY, twice), CALLER, forged);
        const both = { ...forwardedFor(CALLER), forwarded: `for="${forged}"`, 'x-real-ip': forged };
        assert.equal(await addressOf(server, PROXY, both), CALLER, forged);
      }
    }
  });

  it('is found at the right end of ten thousand entries', async () => {
    const many = (entry: string) => Array.from({ length: 10_000 }, () => entry).join(',');
    for (const entry of ['1.1.1.1', '10.0.0.9', '', 'x', '"']) {
      assert.equal(await addressOf(BEHIND_XFF, PROXY, forwardedFor(`${many(entry)}, ${CALLER}`)), CALLER);
    }
    for (const entry of ['for=1.1.1.1', 'for=10.0.0.9', '', 'for="', '"\\"']) {
      const forwarded = `${many(entry)}, for=${CALLER}`;
      assert.equal(await addressOf(BEHIND_FORWARDED, PROXY, { forwarded }), CALLER, entry);
    }
    assert.equal(await addressOf(BEHIND_XFF, PROXY, forwardedFor(many('10.0.0.9'))), '10.0.0.9');
  });
});

describe("the client's address by Forwarded (RFC 7239)", () => {
  const of = (forwarded: string | string[], server: Server = BEHIND_FORWARDED) =>
    addressOf(server, PROXY, { forwarded });

  it('is read in every spelling that the RFC allows', async () => {
    const spellings: [string, string][] = [
      [`for=${CALLER}`, CALLER],
      [`FOR=${CALLER}`, CALLER],
      [`For="${CALLER}:4711"`, CALLER],
      ['for="[2001:db8:cafe::17]"', '2001:db8:cafe::17'],
      ['for="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
      ['for="[2001:db8:cafe::17]:_port"', '2001:db8:cafe::17'],
      [`by=203.0.113.43;proto=https;for=${CALLER};host="a;b,c"`, CALLER],
      [`for=1.1.1.1;proto=http, for=${CALLER} ; proto=https`, CALLER],
      [`for=${CALLER};ext="a \\" b, for=1.1.1.1"`, CALLER],
      [`for=1.1.1.1, for=${CALLER};ext="a \\" b"`, CALLER],
      [`for=1.1.1.1, for=${CALLER};ext="a \\\\"`, CALLER],
      [`for=1.1.1.1,for=${CALLER},for=10.0.0.2`, CALLER],
    ];
    for (const [given, expected] of spellings) assert.equal(await of(given), expected, given);
  });

  it('is that of the last proxy when what it forwarded is hidden, doubled or no address', async () => {
    const useless = [
      'for=unknown',
      'for="_gazonk"',
      'for=_SEVKISEK:99',
      'proto=https',
      `for=${CALLER};for=1.1.1.1`,
      `for=2001:db8::1;x`,
      `for="${CALLER}`,
      `for=${CALLER}"`,
      `for = ${CALLER}`,
      CALLER,
      'for=',
      'for=""',
      ';',
      '',
    ];
    for (const value of [...useless, ...useless.map((last) => `for=1.1.1.1, ${last}`)]) {
      assert.equal(await of(value), PROXY, value);
    }
  });

  it('cannot be forged by what stands to the left, open quotes and backslashes among it', async () => {
    const forgeries = [
      'for=1.1.1.1',
      'for="',
      'for="1.1.1.1',
      'for=1.1.1.1;x="',
      'x="\\',
      'for="\\"',
      '"',
      '"""',
      'for="a, for=10.0.0.9',
      ',',
      ';',
      'for=10.0.0.9',
    ];
    const appended = [`for=${CALLER}`, `for="${CALLER}:80"`, `by="[::1]:1";for="${CALLER}";proto="https"`];
    for (const forged of forgeries) {
      for (const own of appended) {
        assert.equal(await of(`${forged}, ${own}`), CALLER, `${forged} | ${own}`);
        assert.equal(await of([forged, own]), CALLER, `${forged} | ${own}`);
        assert.equal(await of(`${forged}, ${own}`, { ...BEHIND_FORWARDED, trustedProxies: 1 }), CALLER);
      }
    }
  });

  it('is the only header that is read then, as X-Forwarded-For is otherwise', async () => {
    const both = { forwarded: `for=${CALLER}`, 'x-forwarded-for': '1.1.1.1' };
    assert.equal(await addressOf(BEHIND_FORWARDED, PROXY, both), CALLER);
    assert.equal(await addressOf(BEHIND_XFF, PROXY, both), '1.1.1.1');
    assert.equal(await addressOf(BEHIND_FORWARDED, PROXY, forwardedFor('1.1.1.1')), PROXY);
    assert.equal(await addressOf(BEHIND_XFF, PROXY, { forwarded: 'for=1.1.1.1' }), PROXY);
  });
});

describe('a forwarding header that is not read', () => {
  const warningsOf = (wire: ReturnType<typeof buildWireApp>) =>
    wire.logged().filter(({ level }) => level === 'WARNING');

  it('is warned about while no proxy is trusted, once a minute at most', async () => {
    await using wire = buildWireApp();
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
      await wire.app.inject({ url: '/nowhere', headers: { [header]: CALLER } });
    }
    assert.equal(warningsOf(wire).length, 1);
    assert.match(String(warningsOf(wire)[0]?.message), /TRUSTED_PROXIES/);
    wire.clock.ms += 60_000;
    await wire.app.inject({ url: '/nowhere', headers: forwardedFor(CALLER) });
    assert.equal(warningsOf(wire).length, 2);
  });

  it('is warned about when a trusted proxy sends it alone, and never because of what a caller sends', async () => {
    await using wire = buildWireApp({ server: BEHIND_XFF });
    const send = (remoteAddress: string, headers: Headers) =>
      wire.app.inject({ url: '/nowhere', remoteAddress, headers });
    await send(PROXY, forwardedFor(CALLER));
    await send(PROXY, { ...forwardedFor(CALLER), forwarded: 'for=1.1.1.1' });
    await send(PROXY, {});
    await send('203.0.113.7', { forwarded: 'for=1.1.1.1' });
    assert.deepEqual(warningsOf(wire), []);
    await send(PROXY, { forwarded: 'for=1.1.1.1' });
    await send(PROXY, { forwarded: 'for=1.1.1.1' });
    assert.equal(warningsOf(wire).length, 1);
    assert.match(String(warningsOf(wire)[0]?.message), /TRUSTED_PROXY_HEADER/);
  });
});
