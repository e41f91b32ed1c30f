import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteKeys } from '../../src/oauth/remote-keys.ts';
import { createTestClock } from '../support/clock.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';

type Dependencies = Parameters<typeof createRemoteKeys>[0];

const KEY = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'a',
};

function build() {
  const clock = createTestClock();
  const asked: string[] = [];
  const fetchKeySet = async (uri: string) => {
    asked.push(uri);
    return { keys: [KEY] };
  };
  const logger = createRecordingLogger();
  const remote = createRemoteKeys({ fetchKeySet, now: clock.now, logger } as unknown as Dependencies);
  return { asked, clock, find: (id: string, uri = `https://${id}`) => remote.find(id, uri, 'a') };
}

test('of a thousand and one clients the one that was asked for longest ago is forgotten', async () => {
  const { asked, find } = build();
  const ids = Array.from({ length: 999 }, (_, n) => `c${n}`);
  for (const id of ids) await find(id);
  await find('c0');
  await find('one more');
  await find('and another');
  assert.equal(asked.length, 1001);
  for (const id of ['c0', 'c998', 'one more', 'and another']) await find(id);
  assert.equal(asked.length, 1001);
  await find('c1');
  assert.equal(asked.at(-1), 'https://c1');
});

test('another jwks_uri is asked at once, and nothing of the old one stays', async () => {
  const { asked, find } = build();
  await find('c', 'https://old');
  const keys = await find('c', 'https://new');
  assert.ok(typeof keys !== 'string');
  assert.equal(keys[0]?.kid, 'a');
  assert.deepEqual(asked, ['https://old', 'https://new']);
});

test('a clock that was set back makes keys old', async () => {
  const { asked, clock, find } = build();
  await find('c');
  clock.advance(-3600);
  await find('c');
  assert.equal(asked.length, 2);
});
