import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { type Environment, run } from './command-line.ts';
import { describeOnEachEnvironment } from './environments.ts';

const SECRET = /pas_[A-Za-z0-9_-]{43}/;
const UNKNOWN = '0198c0de-0000-7000-8000-000000000000';
const BCRYPT = '$2b$10$abcdefghijklmnopqrstuuhaCCsVFC5Ljhwv6IMWTjYtdSz8Wpn9.';

describeOnEachEnvironment('clients', (open) => {
  let env: Environment;
  const json = async (...argv: string[]) => {
    const { code, stdout, stderr } = await run(['clients', ...argv, '--json'], env);
    return { code, body: JSON.parse(code === 0 ? stdout : stderr) };
  };
  before(async () => {
    env = await open({ held: true });
    const { code, stderr } = await run(['roles', 'create', 'orders-reader'], env);
    assert.equal(code, 0, stderr);
  });

  it('are made with the names of the API, the secret beside the id', async () => {
    const { code, body } = await json(
      ...[
        'create',
        '--name',
        'Orders',
        '--description',
        'Reads orders',
        '--role',
        'orders-reader',
        '--role',
        'service',
      ],
      ...['--resource', 'https://orders.test', '--resource', 'urn:orders', '--token-lifetime', '60'],
      ...['--rate-limit', '600/minute'],
    );
    assert.equal(code, 0);
    const { client_id, client_secret, created_at, updated_at, ...rest } = body;
    assert.match(client_id, /^[0-9a-f-]{36}$/);
    assert.match(client_secret, /^pas_[A-Za-z0-9_-]{43}$/);
    assert.equal(created_at, updated_at);
    assert.deepEqual(rest, {
      client_name: 'Orders',
      description: 'Reads orders',
      is_active: true,
      allowed_callback_urls: [],
      allowed_resources: ['https://orders.test', 'urn:orders'],
      token_endpoint_auth_method: null,
      token_lifetime_seconds: 60,
      rate_limit: '600/minute',
      refresh_tokens: false,
      jwks: null,
      jwks_uri: null,
      permissions: [],
      assigned_roles: ['orders-reader', 'service'],
    });
  });

  it('show the secret once, with a note beside the result', async () => {
    const { code, stdout, stderr } = await run(['clients', 'create', '--name', 'Billing'], env);
    assert.equal(code, 0);
    assert.equal(stdout.split(SECRET).length, 2);
    assert.doesNotMatch(stderr, SECRET);
    assert.match(stderr, /shown this once/);
  });

  it('tell a person how to get a token', async () => {
    const { stdout, stderr } = await run(
      ['clients', 'create', '--name', 'By hand'],
      { ...env, NO_COLOR: '1' },
      {
        isTerminal: true,
      },
    );
    const id = /client_id\S*\s+(\S+)/.exec(stdout)?.[1];
    const secret = SECRET.exec(stdout)?.[0];
    const line = `curl -u ${id}:${secret} -d grant_type=client_credentials http://localhost:8000/api/v1/auth/token`;
    assert.ok(stderr.includes(line), stderr);
  });

  it('move here with their id and the hash of their secret', async () => {
    const { code, body } = await json(
      'create',
      '--name',
      'Moved',
      '--id',
      UNKNOWN.toUpperCase(),
      '--secret-hash',
      BCRYPT,
    );
    assert.deepEqual([code, body.client_id, body.client_secret], [0, UNKNOWN, null]);
    const shown = await json('show', UNKNOWN);
    assert.deepEqual(
      shown.body.secrets.map(({ algorithm }: { algorithm: string }) => algorithm),
      ['bcrypt'],
    );
    assert.doesNotMatch(JSON.stringify(shown.body), /\$2b\$/);
    assert.equal((await json('create', '--name', 'Twice', '--id', UNKNOWN)).body.code, 'already_exists');
    assert.equal(
      (await json('create', '--name', 'Plain', '--secret-hash', 'secret')).body.code,
      'validation_failed',
    );
  });

  it('are listed by page and by text', async () => {
    const { body } = await json('list', '--q', 'ORDERS');
    assert.deepEqual([body.count, body.clients.length, body.clients[0].client_name], [1, 1, 'Orders']);
    const page = await json('list', '--limit', '1', '--offset', '1');
    assert.deepEqual([page.body.clients.length, page.body.count], [1, 4]);
    assert.equal('client_secret' in page.body.clients[0], false);
    const { stdout, stderr } = await run(['clients', 'list', '--limit', '1'], env);
    assert.equal(stdout.trimEnd().split('\n').length, 2);
    assert.match(stderr, /^1 of 4;/);
  });

  it('are given roles, and shown with what these bring', async () => {
    const granted = await json('grant', UNKNOWN, 'admin');
    const { role_id, assigned_at, ...rest } = granted.body;
    assert.deepEqual(rest, { client_id: UNKNOWN, role: 'admin', changed: true });
    assert.ok(role_id.length === 36 && assigned_at.endsWith('Z'));
    const shown = await json('show', UNKNOWN);
    assert.deepEqual(shown.body.assigned_roles, ['admin']);
    assert.ok(shown.body.permissions.includes('role:admin_manage'));
    assert.match((await run(['clients', 'show', UNKNOWN], env)).stdout, /^permissions\t.*role:admin_manage/m);
    assert.equal((await json('revoke', UNKNOWN, 'admin')).body.changed, true);
    assert.equal((await json('revoke', UNKNOWN, 'admin')).body.changed, false);
  });

  it('are gone once deleted', async () => {
    assert.deepEqual((await json('delete', UNKNOWN)).body, { message: `Deleted client ${UNKNOWN}.` });
    for (const verb of ['show', 'delete']) {
      const { code, body } = await json(verb, UNKNOWN);
      assert.deepEqual([code, body.code], [1, 'not_found']);
      assert.match(body.remedy, /clients list/);
    }
  });

  it('are not made with a role that is not there', async () => {
    const { code, body } = await json('create', '--name', 'Nowhere', '--role', 'nobody');
    assert.deepEqual([code, body.code, body.errors[0].field], [1, 'validation_failed', 'assigned_roles']);
    assert.equal((await json('list', '--q', 'Nowhere')).body.count, 0);
  });
});
