import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { kidIn, loadedRingOn } from './ring-builder.ts';
import { assertAccepted, goodClaims, goodHeader, makeKey, NOW, policyFor } from './token-builder.ts';

const EXPECTED = { issuer: 'https://auth.example.com', audience: 'paservices_microservices', typ: 'at+jwt' };

function readsOf(database: TestDatabase): number {
  return database.statements.filter((sql) => /select.*signing_keys/s.test(sql)).length;
}

describeOnEachDatabase('the JWKS', (open) => {
  const PUBLIC_MEMBERS = { ES256: ['crv', 'x', 'y'], EdDSA: ['crv', 'x'], RS256: ['e', 'n'] };

  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    it(`holds the public members alone, the active key first, with ${algorithm}`, async () => {
      const ring = await loadedRingOn(await open(), { algorithm });
      const { keys } = await ring.jwks();
      assert.deepEqual(
        keys.map(({ kid }) => kid),
        [kidIn(ring.list(), 'active'), kidIn(ring.list(), 'next')],
      );
      for (const { kty, kid, use, alg, key_ops, ...members } of keys) {
        assert.deepEqual({ use, alg, key_ops }, { use: 'sig', alg: algorithm, key_ops: ['verify'] });
        assert.equal(kty, { ES256: 'EC', EdDSA: 'OKP', RS256: 'RSA' }[algorithm]);
        assert.match(kid, /^[A-Za-z0-9_-]{43}$/);
        assert.deepEqual(Object.keys(members).sort(), PUBLIC_MEMBERS[algorithm]);
      }
    });

    it(`lets jose verify what the ring signs with ${algorithm}`, async () => {
      const ring = await loadedRingOn(await open(), { algorithm });
      const jwks = createLocalJWKSet((await ring.jwks()) as unknown as JSONWebKeySet);
      for (let count = 0; count < 20; count += 1) {
        const claims = goodClaims({ jti: `${count}`, client_name: 'Zoë 🗝' });
        const text = ring.signToken(claims, 'at+jwt');
        const { payload, protectedHeader } = await jwtVerify(text, jwks, { ...EXPECTED, currentDate: NOW });
        assert.deepEqual(payload, claims);
        assert.deepEqual(protectedHeader, { alg: algorithm, typ: 'at+jwt', kid: ring.list()[0]?.kid });
      }
    });

    it(`belongs to keys that take what jose signs with ${algorithm}`, async () => {
      const key = await makeKey(algorithm);
      for (let count = 0; count < 20; count += 1) {
        const claims = goodClaims({ jti: `${count}` });
        const text = await new SignJWT(claims)
          .setProtectedHeader({ ...goodHeader(key), alg: algorithm })
          .sign(key.privateKey);
        assert.deepEqual(assertAccepted(text, policyFor([key])), claims);
      }
    });
  }

  it('is read again when it is five seconds old, not before', async () => {
    const database = await open();
    const ring = await loadedRingOn(database);
    await loadedRingOn(database, { algorithm: 'EdDSA' });
    const reads = readsOf(database);
    database.clock.advance(4.999);
    assert.equal((await ring.jwks()).keys.length, 2);
    assert.equal(readsOf(database), reads);
    database.clock.advance(0.001);
    assert.equal((await ring.jwks()).keys.length, 3);
    assert.equal(readsOf(database), reads + 1);
  });

  it('is read again when the clock was set back', async () => {
    const database = await open();
    const ring = await loadedRingOn(database);
    const reads = readsOf(database);
    database.clock.advance(-3600);
    await ring.jwks();
    await ring.jwks();
    assert.equal(readsOf(database), reads + 1);
  });

  it('is read once for all who ask at once, by whatever door', async () => {
    const database = await open();
    const ring = await loadedRingOn(database);
    const reads = readsOf(database);
    database.clock.advance(10);
    ring.findKey('unknown');
    ring.signToken({}, 'at+jwt');
    const answers = await Promise.all(Array.from({ length: 50 }, () => ring.jwks()));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal(readsOf(database), reads + 1);
  });

  it('stays what it was while storage fails, and asks it every five seconds only', async () => {
    const database = await open({ fresh: true });
    const ring = await loadedRingOn(database);
    const known = await ring.jwks();
    await database.storage.close();
    const warnings = () => database.logger.lines.filter(({ message }) => /last known/.test(message)).length;
    for (const expected of [1, 2]) {
      database.clock.advance(5);
      for (let count = 0; count < 3; count += 1) {
        assert.deepEqual(await ring.jwks(), known);
        assert.equal(warnings(), expected);
      }
    }
    assert.ok(ring.signToken({}, 'at+jwt'));
    assert.ok(ring.findKey(kidIn(ring.list(), 'active')));
  });

  it('stays what it was when the table is found without an active key', async () => {
    const database = await open();
    const ring = await loadedRingOn(database);
    const known = await ring.jwks();
    const { signingKeys } = database.storage;
    for (const { kid } of ring.list())
      await signingKeys.updateState(kid, { state: 'retired', expiresAt: new Date(0) });
    await signingKeys.deleteExpired(new Date(0));
    database.clock.advance(5);
    assert.deepEqual(await ring.jwks(), known);
  });
});
