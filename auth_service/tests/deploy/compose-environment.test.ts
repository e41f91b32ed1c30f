import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseEnv } from 'node:util';
import { loadConfig, VARIABLES } from '#config';
import { PROD, readCompose, STANDALONE, textOf } from './compose-files.ts';

const ENV = { ACME_EMAIL: 'you@example.org', AUTH_DOMAIN: 'auth.example.org' };
const prod = readCompose(PROD, ENV);
const standalone = readCompose(STANDALONE, ENV);

/** What the stack writes into its volumes at the first start. */
const FILES: Readonly<Record<string, string>> = {
  '/run/redis_password/url': `redis://:${'ab'.repeat(32)}@redis:6379/0\n`,
  '/run/db_password/url': `postgresql://postgres:${'cd'.repeat(32)}@db:5432/postgres\n`,
};
const readFile = (path: string) => {
  const text = FILES[path];
  if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
  return text;
};

/** As the example says to do: copied, and every placeholder replaced. */
const FILLED = parseEnv(
  [
    ['admin@your_domain.com', 'ops@example.org'],
    ['your_domain.com', 'supabase.example.org'],
    ['your_anon_key', 'sb_publishable_ZkD93kd'],
    ['your_service_role_key', 'sb_secret_1kd9Xk2d'],
    ['your_secure_db_password', 'k39dkwKd3k'],
    ['your_secure_jwt_secret_for_m2m', 'Wq3kZx8s0dLr5tYbN1mVc7hJg2fKp4Ae'],
    ['your_secure_admin_password', 'Tulip-Ferry-Copper-58'],
  ].reduce((text, [from = '', to = '']) => text.replaceAll(from, to), textOf('.env.production.example')),
) as Record<string, string>;

const environmentOf = (service: string, { isStandalone = false, given = FILLED } = {}) => ({
  ...given,
  ...prod.services[service]?.environment,
  ...(isStandalone ? standalone.services[service]?.environment : {}),
});
const load = (texts: Record<string, string>) => loadConfig(texts, { readFile });

describe('the environment that the Compose files give', () => {
  it('names only what the product knows', () => {
    const known = new Set(VARIABLES.flatMap(({ name, aliases }) => [name, ...aliases]));
    for (const { services } of [prod, standalone]) {
      for (const service of ['auth_service', 'backup']) {
        for (const name of Object.keys(services[service]?.environment ?? {})) {
          assert.ok(known.has(name.replace(/_FILE$/, '')), `${service}: ${name}`);
        }
      }
    }
  });

  for (const service of ['auth_service', 'backup']) {
    it(`suffices with the filled example beside Supabase (${service})`, () => {
      const config = load(environmentOf(service));
      assert.equal(config.isProduction, true);
      assert.equal(config.server.publicUrl, 'https://auth.example.org');
      assert.deepEqual(config.server.trustedProxies, [prod.networks.edge?.ipam?.config[0]?.subnet]);
      assert.equal(config.redis?.password, 'ab'.repeat(32));
      assert.equal(config.identity.kind, 'supabase');
      assert.deepEqual(config.warnings, []);
    });

    it(`suffices without Supabase, whatever the copied example says of one (${service})`, () => {
      const secrets = { M2M_JWT_SECRET_KEY: FILLED.M2M_JWT_SECRET_KEY ?? '' };
      for (const given of [
        secrets,
        { ...parseEnv(textOf('.env.production.example')), ...FILLED, SUPABASE_URL: 'your_url' },
      ]) {
        const config = load(
          environmentOf(service, { isStandalone: true, given: given as Record<string, string> }),
        );
        assert.equal(config.identity.kind, 'embedded');
        assert.equal(config.database.kind, 'postgres');
        assert.match(config.database.kind === 'postgres' ? config.database.url : '', /:(cd){32}@db:5432/);
      }
    });
  }

  it('wins over a REDIS_URL of .env.production, and gives way to one with the prefix', () => {
    const redis = (name: string) =>
      load(environmentOf('auth_service', { given: { ...FILLED, [name]: 'redis://elsewhere:6379' } })).redis
        ?.nodes[0]?.host;
    assert.equal(redis('REDIS_URL'), 'redis');
    assert.equal(redis('AUTH_SERVICE_REDIS_URL'), 'elsewhere');
  });

  it('moves what is believed with the network', () => {
    const moved = readCompose(PROD, { ...ENV, EDGE_SUBNET: '10.9.8.0/28' });
    assert.equal(moved.networks.edge?.ipam?.config[0]?.subnet, '10.9.8.0/28');
    assert.equal(moved.services.auth_service?.environment?.TRUSTED_PROXIES, '10.9.8.0/28');
  });
});

describe('.env.example', () => {
  it('holds the two variables, and shows every other that the files ask for', () => {
    const text = textOf('.env.example');
    assert.deepEqual(Object.keys(parseEnv(text)).sort(), ['ACME_EMAIL', 'AUTH_DOMAIN']);
    const asked = [PROD, STANDALONE].flatMap((file) =>
      [...textOf(file).matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name = '']) => name),
    );
    const rare = ['EDGE_NETWORK', 'DOCKER_SOCKET', 'DATABASE_NETWORK'];
    for (const name of new Set(asked)) {
      if (!rare.includes(name)) assert.match(text, new RegExp(`^#?${name}=`, 'm'));
    }
  });
});
