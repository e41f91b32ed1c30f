import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeConfig, loadConfig, type RedisConfig } from '#config';
import { errorOf, names, PRODUCTION, production, productionFaults } from './loading.ts';

const PLAIN: RedisConfig = {
  kind: 'standalone',
  nodes: [{ host: 'cache', port: 6379 }],
  tls: false,
  username: null,
  password: null,
  database: 0,
  masterName: null,
  sentinel: { username: null, password: null },
};
const SENTINELS = [
  { host: 's1', port: 26_379 },
  { host: 's2', port: 26_380 },
];

const FORMS: readonly (readonly [string, Partial<RedisConfig>])[] = [
  ['redis://cache', {}],
  ['redis://cache:6379/', {}],
  ['REDIS://cache/0', {}],
  [
    'rediss://:pw@cache:6380/2',
    { tls: true, password: 'pw', database: 2, nodes: [{ host: 'cache', port: 6380 }] },
  ],
  ['redis://auth:pw@cache', { username: 'auth', password: 'pw' }],
  ['redis://pw@cache', { password: 'pw' }],
  ['redis://auth:a%40b%2Fc%23d%25:e@cache', { username: 'auth', password: 'a@b/c#d%:e' }],
  ['redis://:a@b@cache', { password: 'a@b' }],
  ['redis://[::1]:7000/1', { nodes: [{ host: '::1', port: 7000 }], database: 1 }],
  ['redis://10.0.0.7', { nodes: [{ host: '10.0.0.7', port: 6379 }] }],
  ['redis+sentinel://s1,s2:26380/mymaster', { kind: 'sentinel', nodes: SENTINELS, masterName: 'mymaster' }],
  [
    'rediss+sentinel://auth:pw@s1:26379,s2:26380/mymaster/3?sentinel_user=watch&sentinel_password=p%26w',
    {
      kind: 'sentinel',
      nodes: SENTINELS,
      tls: true,
      username: 'auth',
      password: 'pw',
      masterName: 'mymaster',
      database: 3,
      sentinel: { username: 'watch', password: 'p&w' },
    },
  ],
  [
    'redis+cluster://:pw@n1,n2:7001/0',
    {
      kind: 'cluster',
      password: 'pw',
      nodes: [
        { host: 'n1', port: 6379 },
        { host: 'n2', port: 7001 },
      ],
    },
  ],
];

const FAULTS: readonly (readonly [string, RegExp])[] = [
  ['redis:6379', /not a redis:\/\//],
  ['redis://', /not a redis:\/\//],
  ['https://cache', /not a redis:\/\//],
  ['redis+other://cache', /not a redis:\/\//],
  ['redis://:p#w@cache', /not a redis:\/\//],
  ['redis://:p%zz@cache', /percent-encoded/],
  ['redis://cache/name', /database that is no number/],
  ['redis://cache/1/2', /database that is no number/],
  ['redis://cache?db=2', /options that are not known/],
  ['rediss://cache?ssl_cert_reqs=none', /options that are not known/],
  ['redis://one,two', /more than one host/],
  ['redis://cache:0', /host that cannot be read/],
  ['redis://cache:65536', /host that cannot be read/],
  ['redis://ca che', /host that cannot be read/],
  ['redis+sentinel://s1,,s2/mymaster', /host that cannot be read/],
  ['redis+sentinel://s1', /which master/],
  ['redis+sentinel://s1/my master', /which master/],
  ['redis+sentinel://s1/mymaster?role=slave', /options that are not known/],
  ['redis+cluster://n1/2', /only the one/],
];

describe('REDIS_URL', () => {
  for (const [url, expected] of FORMS) {
    test(`takes ${url}`, () =>
      assert.deepEqual(production({ REDIS_URL: url }).redis, { ...PLAIN, ...expected }));
  }

  for (const [url, problem] of FAULTS) {
    test(`refuses ${url}`, () => {
      const faults = productionFaults({ REDIS_URL: url });
      assert.deepEqual(names(faults), ['REDIS_URL']);
      assert.match(faults[0]?.problem ?? '', problem);
      assert.doesNotMatch(faults[0]?.problem ?? '', /p#w|p%zz/);
      assert.notEqual(faults[0]?.remedy, '');
    });
  }

  test('shows no password, in whatever form it stands', () => {
    const urls = [
      'redis+sentinel://auth:hush@s1,s2/mymaster',
      'redis+sentinel://auth:x@s1/mymaster?sentinel_password=hush',
      'redis+cluster://hush@n1:1,n2:2',
      'rediss://:hu@sh@cache',
    ];
    for (const url of urls) {
      const shown = describeConfig(loadConfig({ REDIS_URL: url })).find(({ name }) => name === 'REDIS_URL');
      assert.doesNotMatch(shown?.value ?? '', /hush|hu@sh|hu%40sh/, url);
      const error = errorOf({ ...PRODUCTION, REDIS_URL: `${url} `.replace('://', ':/'), PORT: 'x' });
      assert.doesNotMatch(error.message, /hush|hu@sh/, url);
    }
  });
});
