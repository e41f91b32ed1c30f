import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createKeySetFetch, type KeySetFetchOptions } from '#oauth';
import { makeCertificate } from './network/certificate.ts';
import { HOST, type KeyServer, startKeyServer } from './network/key-server.ts';
import { type NameServer, startNameServer } from './network/name-server.ts';

const KEYS = { keys: [{ kty: 'EC' }] };
const LOOPBACK = '127.0.0.1';
const JSON_TYPE = { 'content-type': 'application/json' };

const sendJson = (response: ServerResponse, body: unknown = KEYS) =>
  response.writeHead(200, JSON_TYPE).end(JSON.stringify(body));

interface World extends AsyncDisposable {
  readonly keys: KeyServer;
  readonly names: NameServer;
  fetch(path?: string, options?: KeySetFetchOptions): Promise<unknown>;
}

/** A server of keys, and names that lead to it; connecting to loopback is allowed unless a test says otherwise. */
async function openWorld(
  answer: RequestListener,
  addressesOf: (name: string) => readonly string[] | null = () => [LOOPBACK],
): Promise<World> {
  const keys = await startKeyServer(answer);
  const names = await startNameServer(addressesOf);
  const seams = {
    nameServers: [names.address],
    ca: keys.ca,
    isAllowedAddress: (a: string) => a === LOOPBACK,
  };
  return {
    keys,
    names,
    fetch: (path = '/jwks', options = {}) =>
      createKeySetFetch({ ...seams, ...options })(path.startsWith('/') ? keys.urlOf(path) : path),
    async [Symbol.asyncDispose]() {
      await keys[Symbol.asyncDispose]();
      await names[Symbol.asyncDispose]();
    },
  };
}

describe('fetching keys', () => {
  it('gives the JSON behind an https URL, asked for under its own name', async () => {
    for (const type of ['application/json', 'application/jwk-set+json; charset=utf-8', 'Application/JSON']) {
      await using world = await openWorld((_request, response) =>
        response.writeHead(200, { 'content-type': type }).end(JSON.stringify(KEYS)),
      );
      assert.deepEqual(await world.fetch('/a/jwks.json?team=orders'), KEYS);
      assert.deepEqual(world.keys.requests, [`${HOST}:${world.keys.port} /a/jwks.json?team=orders`]);
    }
  });

  it('connects to no address that is not public, whatever name or form it hides behind', async () => {
    const hidden: readonly (readonly string[])[] = [
      ['127.0.0.1'],
      ['127.255.255.254'],
      ['0.0.0.0'],
      ['10.1.2.3'],
      ['172.16.0.1'],
      ['192.168.0.1'],
      ['169.254.169.254'],
      ['100.100.100.200'],
      ['::1'],
      ['::'],
      ['::ffff:127.0.0.1'],
      ['::ffff:169.254.169.254'],
      ['::127.0.0.1'],
      ['64:ff9b::10.0.0.1'],
      ['2002:7f00:1::1'],
      ['fd00:ec2::254'],
      ['fe80::1'],
      ['8.8.8.8', '127.0.0.1'],
      ['2606:4700::1111', '::1'],
    ];
    let current: readonly string[] = [];
    await using world = await openWorld(
      (_request, response) => void sendJson(response),
      () => current,
    );
    const { ca, urlOf } = world.keys;
    const fetchPublic = createKeySetFetch({ nameServers: [world.names.address], ca });
    for (current of hidden) {
      await assert.rejects(fetchPublic(urlOf('/jwks')), /not public/, current.join());
    }
    for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
      await assert.rejects(fetchPublic(urlOf('/jwks', host)), /not public/, host);
    }
    assert.equal(world.keys.connections(), 0);
  });

  it('goes to the address that was checked, whatever the name means a moment later', async () => {
    let times = 0;
    // Each fetch asks for both kinds of addresses once; the second time around the name means another place.
    const rebinding = () => {
      times += 1;
      return times <= 2 ? [LOOPBACK] : ['10.0.0.1'];
    };
    await using world = await openWorld((_request, response) => void sendJson(response), rebinding);
    assert.deepEqual(await world.fetch(), KEYS);
    assert.deepEqual(world.names.asked, [HOST, HOST]);
    await assert.rejects(world.fetch(), /not public/);
    assert.equal(world.keys.connections(), 1);
  });

  it('follows no redirect', async () => {
    await using world = await openWorld((request, response) => {
      if (request.url === '/moved') return void sendJson(response);
      response.writeHead(302, { ...JSON_TYPE, location: '/moved' }).end(JSON.stringify(KEYS));
    });
    await assert.rejects(world.fetch(), /status 302/);
    assert.equal(world.keys.requests.length, 1);
  });

  it('takes nothing but whole JSON with the status 200', async () => {
    const answers: [number, Record<string, string>, string | Buffer, RegExp][] = [
      [404, JSON_TYPE, JSON.stringify(KEYS), /status 404/],
      [204, JSON_TYPE, '', /status 204/],
      [200, { 'content-type': 'text/html' }, JSON.stringify(KEYS), /no JSON/],
      [200, { 'content-type': 'application/jsonp' }, JSON.stringify(KEYS), /no JSON/],
      [200, {}, JSON.stringify(KEYS), /no JSON/],
      [200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(JSON.stringify(KEYS)), /encoded/],
      [200, JSON_TYPE, '{"keys":', /JSON/],
    ];
    for (const [status, headers, body, message] of answers) {
      await using world = await openWorld((_request, response) => {
        response.writeHead(status, headers).end(body);
      });
      await assert.rejects(world.fetch(), message);
    }
  });

  it('takes no answer that ends before its end', async () => {
    await using world = await openWorld((_request, response) => {
      response.writeHead(200, { ...JSON_TYPE, 'content-length': '100' });
      response.write(JSON.stringify(KEYS), () => response.destroy());
    });
    await assert.rejects(world.fetch(), /aborted|hang up|reset/i);
  });

  it('reads no more than 64 kB of 10 MB', async () => {
    let sent = 0;
    await using world = await openWorld((_request, response) => {
      response.writeHead(200, JSON_TYPE);
      const more = (): void => {
        while (sent < 10_485_760 && !response.destroyed) {
          sent += 16_384;
          if (!response.write(' '.repeat(16_384))) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    await assert.rejects(world.fetch(), /more than 65536 bytes/);
    assert.ok(sent < 10_485_760);
  });

  it('waits so long and no longer: for a name, a handshake, an answer and its end', async () => {
    const soon = { deadlineMs: 100 };
    await using silent = await openWorld(() => undefined);
    await assert.rejects(silent.fetch('/jwks', soon), /abort|time/i);
    await using dripping = await openWorld((_request, response) => {
      response.writeHead(200, JSON_TYPE);
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    });
    await assert.rejects(dripping.fetch('/jwks', soon), /abort|time/i);
    const handless = createServer(() => undefined).listen(0, LOOPBACK);
    const { port } = await once(handless, 'listening').then(() => handless.address() as AddressInfo);
    await assert.rejects(silent.fetch(`https://${HOST}:${port}/`, soon), /abort|time/i);
    handless.close();
    await using nameless = await openWorld(
      () => undefined,
      () => null,
    );
    await assert.rejects(nameless.fetch('/jwks', soon), /abort|time/i);
    assert.equal(nameless.keys.connections(), 0);
  });

  it('believes no certificate of another name or authority', async () => {
    await using world = await openWorld((_request, response) => void sendJson(response));
    await assert.rejects(world.fetch('/jwks', { ca: makeCertificate(HOST).cert }), /certificate|signature/i);
    await assert.rejects(world.fetch(world.keys.urlOf('/jwks', 'other.example')), /altnames|certificate/i);
    assert.deepEqual(world.keys.requests, []);
  });

  it('knows no scheme but https, and no name without an address', async () => {
    await using world = await openWorld(
      (_request, response) => void sendJson(response),
      () => [],
    );
    await assert.rejects(world.fetch('http://keys.example/'), /only https/);
    await assert.rejects(world.fetch(), /no address|ENODATA|ENOTFOUND/);
  });
});
