import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ComposeService, PROD, readCompose, STANDALONE, textOf } from './compose-files.ts';

/** The guide's two variables, and nothing else. */
const ENV = { ACME_EMAIL: 'you@example.org', AUTH_DOMAIN: 'auth.example.org' };
const prod = readCompose(PROD, ENV);
const standalone = readCompose(STANDALONE, ENV);

/** Whole services of both files; what the second lays over those of the first stands in compose-environment.test.ts. */
const SERVICES: readonly (readonly [string, ComposeService])[] = [
  ...Object.entries(prod.services),
  ...Object.entries(standalone.services).filter(([, { image }]) => image !== undefined),
];
const ONCE = ['redis_password', 'db_password'];

const service = (name: string): ComposeService => {
  const found = SERVICES.find(([each]) => each === name)?.[1];
  assert.ok(found, name);
  return found;
};
const flags = service('traefik').command ?? [];

describe('every container of the stack', () => {
  for (const [name, each] of SERVICES) {
    it(`${name} is confined, bounded, and keeps short logs`, () => {
      assert.equal(each.read_only, true);
      assert.deepEqual(each.cap_drop, ['ALL']);
      assert.deepEqual(each.security_opt, ['no-new-privileges:true']);
      assert.match(each.mem_limit ?? '', /^\d+[mg]$/);
      assert.ok(Number(each.pids_limit) > 0);
      // More than a machine has is refused by Docker, and the smallest have one.
      assert.ok(Number(each.cpus) > 0 && Number(each.cpus) <= 1, String(each.cpus));
      assert.deepEqual(each.logging, {
        driver: 'json-file',
        options: { 'max-size': '10m', 'max-file': '5' },
      });
      assert.equal(each.restart, ONCE.includes(name) ? 'no' : 'unless-stopped');
    });
  }

  it('publishes no port but the two of Traefik', () => {
    const published = SERVICES.filter(([, { ports = [] }]) => ports.length > 0);
    assert.deepEqual(
      published.map(([name, { ports }]) => [name, ports]),
      [['traefik', ['80:80', '443:443']]],
    );
    assert.deepEqual(
      Object.values(standalone.services).filter(({ ports }) => ports !== undefined),
      [],
    );
  });

  it('has a health check, where there is somebody to ask', () => {
    const without = SERVICES.filter(([, { healthcheck }]) => healthcheck?.test === undefined);
    assert.deepEqual(without.map(([name]) => name).sort(), ['backup', ...ONCE].sort());
  });

  it('names every image by a tag that stays within a version', () => {
    for (const [name, { image }] of SERVICES) {
      assert.match(image, /^[\w./-]+:(?!latest)[\w.-]+$/, name);
      if (!['auth_service', 'backup'].includes(name)) assert.match(image, /:v?\d+/, name);
    }
  });

  it('has only capabilities that it needs', () => {
    const added = SERVICES.flatMap(([name, { cap_add = [] }]) => cap_add.map((right) => `${name} ${right}`));
    assert.deepEqual(added, ['traefik NET_BIND_SERVICE']);
  });
});

describe('the service of the stack', () => {
  it('is built from this checkout unless a registry is named, and never fetched from a name of somebody else', () => {
    const { image, build } = service('auth_service');
    assert.equal(image, 'localhost/paservices-auth:local');
    assert.deepEqual(build, { context: '..', dockerfile: 'auth_service/Dockerfile' });
    const named = readCompose(PROD, { ...ENV, DOCKER_REGISTRY: 'acme', IMAGE_TAG: '1.0' }).services;
    assert.equal(named.auth_service?.image, 'acme/paservices-auth:1.0');
    assert.equal(named.backup?.image, 'acme/paservices-auth:1.0');
  });

  it('asks for the two variables of .env by name', () => {
    for (const name of ['ACME_EMAIL', 'AUTH_DOMAIN']) {
      assert.throws(() => readCompose(PROD, { ...ENV, [name]: '' }), new RegExp(`Set ${name} in .env`));
    }
  });

  it('comes after Redis, is asked whether it is ready, and has the time to stop', () => {
    const { depends_on, healthcheck, stop_grace_period, init } = service('auth_service');
    assert.deepEqual(depends_on, { redis: { condition: 'service_healthy' } });
    assert.deepEqual(healthcheck?.test, ['CMD', 'auth-service', 'healthcheck']);
    assert.equal(stop_grace_period, '30s');
    assert.equal(init, true);
  });

  it('is on the network of Supabase, whose name may be another', () => {
    assert.ok(service('auth_service').networks?.includes('supabase'));
    assert.deepEqual(prod.networks.supabase, { external: true, name: 'supabase_network' });
    const renamed = readCompose(PROD, { ...ENV, SUPABASE_NETWORK: 'supabase_default' });
    assert.equal(renamed.networks.supabase?.name, 'supabase_default');
    assert.equal(standalone.networks.supabase?.external, false);
  });
});

describe('Traefik', () => {
  it('redirects to https, has certificates by the TLS challenge, and says HSTS', () => {
    const text = flags.join('\n');
    assert.match(text, /web\.http\.redirections\.entrypoint\.to=websecure/);
    assert.match(text, /web\.http\.redirections\.entrypoint\.scheme=https/);
    assert.match(text, /acme\.tlschallenge=true/);
    assert.match(text, /acme\.email=you@example\.org/);
    const labels = service('auth_service').labels?.join('\n') ?? '';
    assert.match(labels, /rule=Host\(`auth\.example\.org`\)/);
    assert.match(labels, /hsts\.headers\.stsseconds=31536000/);
    assert.match(labels, /routers\.auth\.middlewares=hsts/);
    assert.match(labels, /routers\.auth\.entrypoints=websecure/);
  });

  it('has no dashboard, writes no links into a log, and believes no forwarding header from outside', () => {
    assert.deepEqual(
      flags.filter((flag) => /^--(api|accesslog)|forwardedheaders|proxyprotocol|insecure/i.test(flag)),
      [],
    );
  });

  it('serves what is labelled for it alone, and reaches Docker through its reader alone', () => {
    assert.ok(flags.includes('--providers.docker.exposedbydefault=false'));
    assert.ok(flags.includes('--providers.docker.endpoint=tcp://docker_socket:2375'));
    const onSocket = SERVICES.filter(([, { volumes = [] }]) =>
      volumes.some((each) => each.includes('docker.sock')),
    );
    assert.deepEqual(
      onSocket.map(([name]) => name),
      ['docker_socket'],
    );
    assert.ok(service('docker_socket').volumes?.every((volume) => volume.endsWith(':ro')));
    const besideIt = SERVICES.filter(([, { networks = [] }]) => networks.includes('docker_socket'));
    assert.deepEqual(besideIt.map(([name]) => name).sort(), ['docker_socket', 'traefik']);
    assert.equal(prod.networks.docker_socket?.internal, true);
  });

  it('shares with the service a network of theirs alone, which leads nowhere else', () => {
    const onEdge = SERVICES.filter(([, { networks = [] }]) => networks.includes('edge')).map(
      ([name]) => name,
    );
    assert.deepEqual(onEdge.sort(), ['auth_service', 'traefik']);
    assert.equal(prod.networks.edge?.internal, true);
    // What is published comes in through this one, so that no caller has an address of `edge`.
    assert.ok(service('traefik').networks?.includes('public'));
    assert.deepEqual(prod.networks.public, {});
    assert.ok(flags.includes(`--providers.docker.network=${prod.networks.edge?.name}`));
  });
});

describe('what Traefik may read of Docker', () => {
  const { CONFIGURATION = '' } = service('docker_socket').environment ?? {};
  const allowed = new RegExp(/path -m reg (\S+)/.exec(CONFIGURATION)?.[1] ?? 'nothing^');

  it('is the list of containers and their descriptions', () => {
    for (const path of [
      '/_ping',
      '/version',
      '/v1.51/events',
      '/v1.24/containers/json',
      '/containers/0f3a/json',
    ]) {
      assert.match(path, allowed);
    }
    assert.match(CONFIGURATION, /method GET HEAD\n/);
  });

  it('is nothing else', () => {
    const others = [
      '/info',
      '/images/json',
      '/containers/a/archive',
      '/containers/a/logs',
      '/containers/a/top',
    ];
    const strange = [
      '/containers/../images/json',
      '/containers/a/../../json',
      '/containers/a%2Fb/json',
      '/x/version',
    ];
    for (const path of [...others, ...strange, '/containers/create', '/v1.24/exec/a/json', '/version/x']) {
      assert.doesNotMatch(path, allowed);
    }
  });
});

describe('the secrets of the stack', () => {
  it('are on no command line, in no label and in no environment that stands in these files', () => {
    const shown = SERVICES.flatMap(([, { command = [], labels = [], entrypoint = [], environment = {} }]) => [
      ...command,
      ...labels,
      ...entrypoint,
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ]);
    const secret = /(PASSWORD|SECRET|PASSPHRASE|_KEY)=[^/\s]|:\/\/[^/\s]*:[^%/\s]+@|requirepass (?!%s)/;
    assert.deepEqual(
      shown.filter((text) => secret.test(text.replaceAll(/\$password/g, ''))),
      [],
    );
  });

  it('are made once, by somebody without a network, and readable for a group alone', () => {
    for (const name of ONCE) {
      const { command = [], network_mode, user } = service(name);
      assert.equal(network_mode, 'none');
      assert.equal(user, '0:1000');
      assert.match(command[0] ?? '', /^umask 027\n/);
      assert.match(command[0] ?? '', /\[ -s url \]; then exit 0/);
      assert.match(command[0] ?? '', /\/dev\/urandom/);
      // Written last, so that what is there is whole.
      assert.match((command[0] ?? '').trimEnd().split('\n').at(-1) ?? '', />url$/);
    }
  });

  it('are mounted only where they are needed, and to be read', () => {
    const holders = (volume: string) =>
      [...Object.entries(prod.services), ...Object.entries(standalone.services)].flatMap(
        ([name, { volumes = [] }]) =>
          volumes
            .filter((each) => each.startsWith(`${volume}:`))
            .map((each) => `${name}${each.endsWith(':ro') ? '' : ' writes'}`),
      );
    assert.deepEqual(holders('redis_password').sort(), [
      'auth_service',
      'backup',
      'redis',
      'redis_password writes',
    ]);
    assert.deepEqual(holders('db_password').sort(), ['auth_service', 'backup', 'db', 'db_password writes']);
  });
});

describe('Redis and the backups', () => {
  it('Redis keeps what it has on disk, has a bound, and forgets nothing early', () => {
    const words = service('redis').command?.join(' ') ?? '';
    assert.match(words, /--appendonly yes .*--maxmemory 128mb --maxmemory-policy noeviction/);
    assert.deepEqual(service('redis').networks, ['cache']);
    assert.equal(prod.networks.cache?.internal, true);
  });

  it('backups are made when they are asked for', () => {
    const { profiles, command, volumes } = service('backup');
    assert.deepEqual(profiles, ['backup']);
    assert.equal(command?.join(' '), 'auth-service backup --to /backups --every 24h --keep 14');
    assert.ok(volumes?.includes('backups:/backups'));
  });

  it('every volume and network that is named is there', () => {
    const volumes = Object.keys({ ...prod.volumes, ...standalone.volumes });
    const networks = Object.keys(prod.networks);
    for (const [name, each] of SERVICES) {
      for (const network of each.networks ?? []) assert.ok(networks.includes(network), `${name} ${network}`);
      for (const volume of each.volumes ?? []) {
        if (!volume.startsWith('/'))
          assert.ok(volumes.includes(volume.split(':')[0] ?? ''), `${name} ${volume}`);
      }
    }
  });

  it('no file says which version of Compose it is for, which today’s warns about', () => {
    for (const file of [PROD, STANDALONE]) assert.doesNotMatch(textOf(file), /^version:/m);
  });
});
