import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeToken, type KeyRing } from '#keys';
import { describeOnEachDatabase } from '../support/databases.ts';
import { kidIn, loadedRingOn, statesOf } from './ring-builder.ts';
import { assertAccepted, assertRefused, goodClaims, policyFor } from './token-builder.ts';

const DAY_SECONDS = 86_400;
const SLACK_SECONDS = 300;

function policyOf(ring: KeyRing) {
  return policyFor([], {
    findKeys(kid) {
      const key = kid === undefined ? null : ring.findKey(kid);
      return key === null ? [] : [key];
    },
  });
}

function claimsAt(now: Date): Record<string, unknown> {
  const seconds = now.getTime() / 1000;
  return goodClaims({ iat: seconds, exp: seconds + DAY_SECONDS });
}

async function kidsIn(ring: KeyRing): Promise<string[]> {
  return (await ring.jwks()).keys.map(({ kid }) => kid);
}

describeOnEachDatabase('a key ring whose algorithm is changed', (open) => {
  it('signs with a new key, and keeps the old one until the last token it may have signed is gone', async () => {
    const database = await open();
    const { clock } = database;
    const before = await loadedRingOn(database);
    const oldKid = kidIn(before.list(), 'active');
    const oldNext = kidIn(before.list(), 'next');
    const oldToken = before.signToken(claimsAt(clock.now()), 'at+jwt');

    clock.advance(60);
    const switchedAt = clock.now();
    const ring = await loadedRingOn(database, { algorithm: 'EdDSA' });
    assert.deepEqual(statesOf(ring.list()), ['ES256 retired', 'EdDSA active', 'EdDSA next']);
    assert.equal(decodeToken(ring.signToken({}, 'at+jwt'))?.header.alg, 'EdDSA');
    assert.equal(ring.findKey(oldNext), null);
    const retired = ring.list().find(({ kid }) => kid === oldKid);
    assert.deepEqual(retired?.retiredAt, switchedAt);
    assert.equal(retired?.expiresAt?.getTime(), switchedAt.getTime() + (DAY_SECONDS + SLACK_SECONDS) * 1000);

    clock.advance(DAY_SECONDS - 61);
    assertAccepted(oldToken, policyOf(ring), clock.now());
    clock.advance(SLACK_SECONDS + 60);
    assert.ok((await kidsIn(ring)).includes(oldKid));
    clock.advance(1);
    assert.ok(!(await kidsIn(ring)).includes(oldKid));
    assertRefused(oldToken, policyOf(ring), /no key/, clock.now());
  });

  it('waits longer where tokens live longer', async () => {
    const database = await open();
    await loadedRingOn(database);
    const ring = await loadedRingOn(database, { algorithm: 'EdDSA', tokenLifetimeSeconds: 7 * DAY_SECONDS });
    const retired = ring.list().find(({ state }) => state === 'retired');
    const keptSeconds = ((retired?.expiresAt?.getTime() ?? 0) - database.clock.now().getTime()) / 1000;
    assert.equal(keptSeconds, 7 * DAY_SECONDS + SLACK_SECONDS);
  });

  it('deletes retired keys at a start after their time', async () => {
    const database = await open();
    await loadedRingOn(database);
    await loadedRingOn(database, { algorithm: 'EdDSA' });
    database.clock.advance(DAY_SECONDS + SLACK_SECONDS);
    await loadedRingOn(database, { algorithm: 'EdDSA' });
    assert.deepEqual(statesOf(await database.storage.signingKeys.list()), ['EdDSA active', 'EdDSA next']);
  });

  it('forgets a retired key in time even where storage can tell it no more', async () => {
    const database = await open({ fresh: true });
    await loadedRingOn(database);
    const ring = await loadedRingOn(database, { algorithm: 'EdDSA' });
    assert.equal((await kidsIn(ring)).length, 3);
    await database.storage.close();
    database.clock.advance(DAY_SECONDS + SLACK_SECONDS);
    assert.equal((await kidsIn(ring)).length, 2);
    assert.equal(ring.list().length, 2);
  });

  it('does not bring an old key back when it is changed back', async () => {
    const database = await open();
    const oldKid = kidIn((await loadedRingOn(database)).list(), 'active');
    await loadedRingOn(database, { algorithm: 'RS256' });
    const ring = await loadedRingOn(database);
    assert.deepEqual(statesOf(ring.list()), ['ES256 active', 'ES256 next', 'ES256 retired', 'RS256 retired']);
    assert.notEqual(kidIn(ring.list(), 'active'), oldKid);
  });

  it('reaches the replicas that still run: they sign with the new key within five seconds of use', async () => {
    const database = await open();
    const running = await loadedRingOn(database);
    const changed = await loadedRingOn(database, { algorithm: 'EdDSA' });
    const headerNow = () => decodeToken(running.signToken({}, 'at+jwt'))?.header;
    database.clock.advance(5);
    assert.equal(headerNow()?.alg, 'ES256');
    for (let tries = 0; tries < 1000 && headerNow()?.alg === 'ES256'; tries += 1)
      await database.storage.check();
    assert.deepEqual(headerNow(), { alg: 'EdDSA', typ: 'at+jwt', kid: kidIn(changed.list(), 'active') });
    assert.deepEqual(running.list(), changed.list());
  });

  it('is found out by the first who asks for an unknown key', async () => {
    const database = await open();
    const running = await loadedRingOn(database);
    const changed = await loadedRingOn(database, { algorithm: 'EdDSA' });
    const kid = kidIn(changed.list(), 'active');
    assert.equal(running.findKey(kid), null);
    database.clock.advance(5);
    for (let tries = 0; tries < 1000 && running.findKey(kid) === null; tries += 1)
      await database.storage.check();
    assert.equal(running.findKey(kid)?.algorithm, 'EdDSA');
  });
});
