import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openService, type Service } from '#compose';
import { loadConfig } from '#config';
import { createLogger } from '#observability';
import { describeOn, describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { temporaryDirectory } from '../support/run-directory.ts';

const logger = createLogger({ level: 'CRITICAL', environment: 'testing', pretty: false, write: () => {} });

function open(
  { config: database }: TestDatabase,
  texts: Record<string, string> = {},
  mode: 'serve' | 'command' = 'serve',
  terminal = false,
) {
  const directory = temporaryDirectory();
  const fixed = {
    ENVIRONMENT: 'testing',
    PORT: '0',
    PUBLIC_URL: 'http://localhost:8000',
    DATA_DIR: directory,
  };
  const config = { ...loadConfig({ ...fixed, ...texts }), database };
  return openService({ config, mode, logger, terminal });
}

const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 2).toString('base64');
const DEVICE = { ip: null, userAgent: null };

async function namesOf(service: Service): Promise<string[]> {
  const { items } = await service.rbac.roles.list({ limit: 50, offset: 0 });
  return items.map(({ name }) => name);
}

describeOn('postgres', 'several processes on one empty database', (openDatabase) => {
  it('all come up, whatever the moment; schema, built-ins and keys are made once', async () => {
    for (const staggerMs of [0, 20, 60, 120, 200, 300]) {
      const database = await openDatabase({ migrated: false });
      const services = await Promise.all([1, 2, 3].map(() => open(database, { ENCRYPTION_KEY: KEY })));
      const started = await Promise.all(
        services.map(async (service, index) => {
          await sleep(index * staggerMs);
          return await service.start();
        }),
      );
      assert.deepEqual(
        started.map(({ ready }) => ready),
        [true, true, true],
      );
      assert.deepEqual(await namesOf(services[0] as Service), ['admin', 'service', 'user']);
      const keys = await database.query('select state from auth_service_data.signing_keys order by state');
      assert.deepEqual(
        keys.map(({ state }) => state),
        ['active', 'next'],
      );
      const caught = await database.query(
        'select count(*)::int as n from auth_service_data.audit_events_default',
      );
      assert.deepEqual(caught, [{ n: 0 }]);
      await Promise.all(services.map((service) => service.close()));
    }
  });
});

describeOnEachDatabase('the administrator nobody asked for', (openDatabase) => {
  const development = { ENVIRONMENT: 'development', ENCRYPTION_KEY: KEY };

  it('is made on a terminal only, with a password that is told once', async () => {
    const database = await openDatabase();
    const unseen = await open(database, development, 'command');
    await unseen.bootstrap();
    assert.equal(unseen.people?.newAdministrator(), null);
    assert.equal(await unseen.storage.userRoles.isHeld('admin', new Date()), false);
    await unseen.close();
    const seen = await open(database, development, 'command', true);
    await seen.bootstrap();
    const made = seen.people?.newAdministrator() ?? null;
    assert.ok(made);
    assert.equal(made.email, 'admin@example.com');
    const session = await seen.people?.face.people.login(made, DEVICE);
    assert.deepEqual(session?.user.app_metadata.roles, ['admin', 'user']);
    await seen.close();
    const again = await open(database, development, 'command', true);
    await again.bootstrap();
    assert.equal(again.people?.newAdministrator(), null);
    await again.close();
  });

  it('does not keep the service down when somebody has its address, nor make them one', async () => {
    const database = await openDatabase();
    const before = await open(database, development, 'command');
    await before.bootstrap();
    const squatter = { email: 'admin@example.com', password: 'correct horse battery' };
    await before.people?.face.people.register(squatter, DEVICE);
    await before.close();
    const service = await open(database, development, 'command', true);
    await service.bootstrap();
    assert.equal(service.people?.newAdministrator(), null);
    assert.equal(await service.storage.userRoles.isHeld('admin', new Date()), false);
    await service.close();
  });
});

describeOnEachDatabase('what the environment says of machine tokens', (openDatabase) => {
  it('holds: how long they live, and their refresh tokens', async () => {
    const database = await openDatabase();
    const lifetimes = { M2M_JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '7', JWT_REFRESH_TOKEN_EXPIRE_MINUTES: '90' };
    const service = await open(database, { ...lifetimes, ENCRYPTION_KEY: KEY }, 'command');
    await service.bootstrap();
    const { client, secret } = await service.oauth.clients.create(
      { type: 'system', id: null },
      { name: 'Orders', refreshTokens: true },
    );
    const { response } = await service.oauth.issueToken({
      authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`,
      parameters: new Map([['grant_type', ['client_credentials']]]),
      clientIp: '127.0.0.1',
    });
    assert.equal(response.expires_in, 7 * 60);
    const families = await database.query(
      'select extract(epoch from expires_at - created_at)::int as seconds from auth_service_data.app_client_refresh_tokens',
    );
    assert.deepEqual(families, [{ seconds: 90 * 60 }]);
    await service.close();
  });
});

describeOnEachDatabase('a command beside a server', (openDatabase) => {
  it('leaves the signing keys as they are, whatever its own environment says', async () => {
    const database = await openDatabase();
    const server = await open(database, { M2M_JWT_ALGORITHM: 'EdDSA', ENCRYPTION_KEY: KEY }, 'command');
    await server.bootstrap();
    const read = () => database.query('select * from auth_service_data.signing_keys order by kid');
    const before = await read();
    const command = await open(
      database,
      { M2M_JWT_ALGORITHM: 'ES256', ENCRYPTION_KEY: OTHER_KEY },
      'command',
    );
    await command.prepare();
    await command.rbac.roles.list({ limit: 1, offset: 0 });
    await command.close();
    assert.deepEqual(await read(), before);
    await server.close();
  });
});
