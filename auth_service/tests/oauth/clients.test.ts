import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { sha256 } from '#crypto';
import { isServiceError, type ServiceError } from '#errors';
import type { NewClientInput } from '#oauth';
import { ADMIN, makeClient, requestBy, type TestOauth } from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';

const BCRYPT = `$2b$12$${'a'.repeat(53)}`;

/** With something that nobody sees: joiners, marks of direction, fillers, tags, a soft hyphen. */
const UNSEEN = [
  '\u200b',
  '\u200d',
  '\u2060',
  '\ufeff',
  '\u00ad',
  '\u202e',
  '\u3164',
  '\ufe0f',
  '\u{e0041}',
].map((mark) => `Order${mark} service`);

describeOauth('clients', (suite) => {
  let it: TestOauth;

  before(async () => {
    it = await suite.build();
  });

  const create = (input: Partial<NewClientInput>) =>
    it.oauth.clients.create(ADMIN, { name: 'Order service', ...input });
  const errorOf = async (work: Promise<unknown>): Promise<ServiceError> => {
    const error = await work.then(
      () => assert.fail('it was accepted'),
      (reason) => reason,
    );
    assert.ok(isServiceError(error), String(error));
    return error;
  };
  const faultsOf = async (input: Partial<NewClientInput>) => {
    const error = await errorOf(create(input));
    assert.equal(error.code, 'validation_failed');
    return error.fields?.map(({ field }) => field);
  };
  const counts = async () => (await it.oauth.clients.list({ limit: 1, offset: 0 })).count;

  test('a new client has a secret of 256 bits, shown once and stored as its SHA-256', async () => {
    const { client, secret } = await create({});
    assert.match(secret ?? '', /^pas_[\w-]{43}$/);
    const [stored, ...more] = await suite.storage().clientSecrets.list(client.id);
    assert.deepEqual(more, []);
    assert.equal(stored?.algorithm, 'sha256');
    assert.equal(stored?.hash, sha256(secret ?? '').toString('base64url'));
    assert.equal(stored?.hint, secret?.slice(-4));
    assert.notEqual((await create({})).secret, secret);
  });

  test('defaults are null and empty, and a given id is kept', async () => {
    const id = randomUUID();
    const { client, roles } = await create({ id: id.toUpperCase(), name: '  Order service\n' });
    assert.deepEqual(roles, []);
    assert.deepEqual(client, {
      id,
      name: 'Order service',
      description: null,
      isActive: true,
      allowedCallbackUrls: [],
      allowedResources: [],
      tokenEndpointAuthMethod: null,
      tokenLifetimeSeconds: null,
      rateLimit: null,
      refreshTokens: false,
      jwks: null,
      jwksUri: null,
      createdAt: it.clock.now(),
      updatedAt: it.clock.now(),
    });
    assert.equal((await errorOf(create({ id }))).code, 'already_exists');
  });

  test('everything that was given is shown again, secrets without their hash', async () => {
    const { id, role, secret } = await makeClient(it, ['orders:write', 'orders:read'], {
      description: ' What it does ',
      allowedCallbackUrls: ['https://a.example/cb', 'http://127.0.0.1:5000/cb', 'com.example.app:/cb'],
      allowedResources: ['https://orders.example.com', 'urn:example:stock'],
      tokenLifetimeSeconds: 86_400,
      tokenEndpointAuthMethod: 'client_secret_post',
    });
    const shown = await it.oauth.clients.show(id);
    assert.equal(shown.client.description, 'What it does');
    assert.deepEqual(shown.client.allowedCallbackUrls, [
      'https://a.example/cb',
      'http://127.0.0.1:5000/cb',
      'com.example.app:/cb',
    ]);
    assert.deepEqual(shown.client.allowedResources, ['https://orders.example.com', 'urn:example:stock']);
    assert.equal(shown.client.tokenLifetimeSeconds, 86_400);
    assert.equal(shown.client.tokenEndpointAuthMethod, 'client_secret_post');
    assert.deepEqual(shown.roles, [role]);
    assert.deepEqual(shown.permissions, ['orders:read', 'orders:write']);
    const secrets = await it.oauth.clients.secrets(shown.client.id);
    assert.deepEqual(Object.keys(secrets[0] ?? {}).sort(), [
      'algorithm',
      'clientId',
      'createdAt',
      'expiresAt',
      'hint',
      'id',
      'isSafeToRemove',
      'lastUsedAt',
    ]);
    assert.doesNotMatch(JSON.stringify({ shown, secrets }), new RegExp(sha256(secret).toString('base64url')));
  });

  test('an imported hash takes the place of a secret', async () => {
    const { client, secret } = await create({ importedSecretHash: BCRYPT });
    assert.equal(secret, null);
    const [stored] = await suite.storage().clientSecrets.list(client.id);
    assert.deepEqual([stored?.algorithm, stored?.hash, stored?.hint], ['bcrypt', BCRYPT, '']);
  });

  test('every wrong field is named at once', async () => {
    assert.deepEqual(
      await faultsOf({
        id: 'no-uuid',
        name: 'x',
        description: 'd'.repeat(501),
        allowedCallbackUrls: ['https://good.example', 'ftp://bad.example'],
        allowedResources: ['relative'],
        tokenLifetimeSeconds: 0,
        tokenEndpointAuthMethod: 'none' as 'client_secret_basic',
        importedSecretHash: 'plain',
        jwksUri: 'http://keys.example',
        ...{ ignored_otherwise: true },
      }),
      [
        'client_id',
        'secret_hash',
        'ignored_otherwise',
        'client_name',
        'description',
        'allowed_callback_urls.1',
        'allowed_resources.0',
        'token_lifetime_seconds',
        'token_endpoint_auth_method',
        'jwks_uri',
      ],
    );
  });

  test('a name has 3 to 100 printable characters after trimming', async () => {
    for (const name of [
      '',
      '  ab  ',
      'a'.repeat(101),
      'a\0bc',
      'line\nbreak',
      'a\u2028b',
      'half \ud83d',
      ...UNSEEN,
    ]) {
      assert.deepEqual(await faultsOf({ name }), ['client_name'], JSON.stringify(name));
    }
    for (const name of ['abc', 'a'.repeat(100), '💥'.repeat(100), 'Bestellungen für Zürich'])
      await create({ name });
    for (const description of ['a\0b', ...UNSEEN]) {
      assert.deepEqual(await faultsOf({ description }), ['description'], JSON.stringify(description));
    }
    await create({ description: '💥'.repeat(500) });
    assert.deepEqual(await faultsOf({ description: '💥'.repeat(501) }), ['description']);
  });

  test('callback URLs are https, loopback http or private-use, without fragment', async () => {
    const bad = [
      'http://example.com/cb',
      'http://127.0.0.1.evil.example/',
      'http://localhost.evil.example/',
      'https://a.example/#',
      'https://a.example/#x',
      'https://user:pass@a.example/',
      'javascript:alert(1)',
      'data:text/html,x',
      'myapp:/cb',
      '//a.example/cb',
      'a.example/cb',
      'https://a.example/\ncb',
      ' https://a.example/cb',
      'https://',
      '',
      `https://a.example/${'x'.repeat(2048)}`,
    ];
    const fields = await faultsOf({ allowedCallbackUrls: bad });
    assert.deepEqual(
      fields,
      bad.map((_, index) => `allowed_callback_urls.${index}`),
    );
    await create({ allowedCallbackUrls: ['http://localhost:3000', 'http://[::1]/cb', 'http://127.8.9.1/'] });
    const many = Array.from({ length: 51 }, (_, n) => `https://a.example/${n}`);
    assert.deepEqual(await faultsOf({ allowedCallbackUrls: many }), ['allowed_callback_urls']);
  });

  test('resources are absolute URIs without fragment', async () => {
    const bad = [
      '/api',
      'orders',
      'https://a.example/#',
      'https://a.example/ x',
      'https://u:p@a.example/',
      '',
    ];
    const fields = await faultsOf({ allowedResources: bad });
    assert.deepEqual(
      fields,
      bad.map((_, index) => `allowed_resources.${index}`),
    );
  });

  test('a lifetime is whole seconds up to a day', async () => {
    for (const tokenLifetimeSeconds of [0, -1, 1.5, 86_401, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.deepEqual(await faultsOf({ tokenLifetimeSeconds }), ['token_lifetime_seconds']);
    }
    await create({ tokenLifetimeSeconds: 1 });
  });

  test('an unknown role is named, and nothing is created', async () => {
    const { role } = await makeClient(it);
    const before = await counts();
    const error = await errorOf(create({ roles: [role, 'ghost', 'phantom'] }));
    assert.equal(error.code, 'validation_failed');
    assert.match(error.message, /ghost, phantom/);
    assert.doesNotMatch(error.message, new RegExp(role));
    assert.deepEqual(
      error.fields?.map(({ field }) => field),
      ['assigned_roles', 'assigned_roles'],
    );
    assert.equal(await counts(), before);
  });

  test('creation and each role are audited with their actor', async () => {
    const { id, role } = await makeClient(it);
    const actor = { type: 'client', id, permissions: [] } as const;
    const { client, secret } = await it.oauth.clients.create(actor, { name: 'Audited', roles: [role, role] });
    const events = await it.auditEvents({ subjectId: client.id });
    assert.deepEqual(events.map(({ action }) => action).sort(), ['client.created', 'role.granted']);
    assert.ok(events.every(({ actorId, subjectType }) => actorId === actor.id && subjectType === 'client'));
    assert.doesNotMatch(JSON.stringify(events), new RegExp(secret ?? ''));
  });

  test('the list is counted, paged and searched', async () => {
    const name = `Searched ${randomUUID()}`;
    const made = [await create({ name }), await create({ name })].map(({ client }) => client.id);
    const q = name.toLowerCase();
    const { items, count } = await it.oauth.clients.list({ limit: 1, offset: 1, q });
    assert.equal(count, 2);
    assert.equal(items.length, 1);
    assert.ok(made.includes(items[0]?.id ?? ''));
  });

  test('a deleted client is gone with its secrets, audited, and opens nothing', async () => {
    const client = await makeClient(it, ['orders:read']);
    await it.oauth.clients.delete(ADMIN, client.id);
    assert.equal((await errorOf(it.oauth.clients.show(client.id))).code, 'not_found');
    assert.deepEqual(await suite.storage().clientSecrets.list(client.id), []);
    assert.equal((await errorOf(it.oauth.issueToken(requestBy(client)))).code, 'invalid_client');
    const [event] = await it.auditEvents({ action: 'client.deleted', subjectId: client.id });
    assert.deepEqual(event?.detail, { name: 'Order service' });
  });

  test('what is not there cannot be shown or deleted', async () => {
    for (const id of [randomUUID(), 'no-uuid', '\0', '']) {
      assert.equal((await errorOf(it.oauth.clients.show(id))).code, 'not_found');
      assert.equal((await errorOf(it.oauth.clients.delete(ADMIN, id))).code, 'not_found');
    }
  });
});
