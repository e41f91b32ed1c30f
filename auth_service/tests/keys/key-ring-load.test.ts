import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SigningKeySummary } from '#keys';
import { describeOnEachDatabase } from '../support/databases.ts';
import { kidIn, loadedRingOn, replaceRows, ringOn, serviceErrorOf, statesOf } from './ring-builder.ts';

describeOnEachDatabase('the key ring at its start', (open) => {
  it('makes one active and one next key, sealed, and publishes no private member', async () => {
    const database = await open();
    const ring = await loadedRingOn(database);
    const rows = await database.storage.signingKeys.list();
    assert.deepEqual(statesOf(rows), ['ES256 active', 'ES256 next']);
    for (const row of rows) {
      assert.match(row.sealedPrivateKey, /^v1\.[0-9a-f]{16}\./);
      assert.deepEqual(Object.keys(row.publicJwk).sort(), ['crv', 'kty', 'x', 'y']);
      assert.deepEqual(row.createdAt, database.clock.now());
      assert.deepEqual(row.activatedAt, row.state === 'active' ? database.clock.now() : null);
    }
    assert.deepEqual(
      ring.list().map(({ state }) => state),
      ['active', 'next'],
    );
    assert.deepEqual(
      ring.list().map(({ kid }) => kid),
      [kidIn(rows, 'active'), kidIn(rows, 'next')],
    );
  });

  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    it(`changes nothing at a later start, with ${algorithm}`, async () => {
      const database = await open();
      await loadedRingOn(database, { algorithm });
      const rows = await database.storage.signingKeys.list();
      assert.deepEqual(statesOf(rows), [`${algorithm} active`, `${algorithm} next`]);
      database.clock.advance(3600);
      const ring = await loadedRingOn(database, { algorithm });
      await ring.load();
      assert.deepEqual(await database.storage.signingKeys.list(), rows);
    });
  }

  it('is one ring where two processes start at once', async () => {
    const database = await open();
    const other = await database.openAnother();
    const rings = [ringOn(database), ringOn(database, { storage: other }), ringOn(database)];
    await Promise.all(rings.map((ring) => ring.load()));
    assert.deepEqual(statesOf(await database.storage.signingKeys.list()), ['ES256 active', 'ES256 next']);
    const [first, ...others] = rings.map((ring) => ring.list());
    for (const list of others) assert.deepEqual(list, first);
    await other.close();
  });

  it('answers that it is starting until it is loaded', async () => {
    const ring = ringOn(await open());
    assert.throws(() => ring.signToken({}, 'at+jwt'), { code: 'starting' });
    assert.equal((await serviceErrorOf(ring.jwks())).code, 'starting');
    assert.equal(ring.findKey('any'), null);
    assert.deepEqual(ring.list(), []);
  });

  it('tells of each key it makes, in the transaction that stores it', async () => {
    const database = await open();
    const told: SigningKeySummary[] = [];
    const ring = ringOn(database, {
      async onKeyCreated(stores, key) {
        assert.ok((await stores.signingKeys.list()).some(({ kid }) => kid === key.kid));
        told.push(key);
      },
    });
    await ring.load();
    assert.deepEqual(told, ring.list());
    await ring.load();
    assert.equal(told.length, 2);
  });

  it('makes no key that could not be told of', async () => {
    const database = await open();
    const refusal = new Error('the audit row could not be written');
    await assert.rejects(ringOn(database, { onKeyCreated: () => Promise.reject(refusal) }).load(), refusal);
    assert.deepEqual(await database.storage.signingKeys.list(), []);
  });

  it('lets the next key go first where the active one is missing', async () => {
    const database = await open();
    await loadedRingOn(database);
    const rows = await database.storage.signingKeys.list();
    await replaceRows(
      database.storage,
      rows.filter(({ state }) => state === 'next'),
    );
    const ring = await loadedRingOn(database);
    assert.deepEqual(statesOf(ring.list()), ['ES256 active', 'ES256 next']);
    assert.equal(kidIn(ring.list(), 'active'), kidIn(rows, 'next'));
    assert.deepEqual(ring.list()[0]?.activatedAt, database.clock.now());
  });

  it('makes the next key where it alone is missing', async () => {
    const database = await open();
    await loadedRingOn(database);
    const rows = await database.storage.signingKeys.list();
    await replaceRows(
      database.storage,
      rows.filter(({ state }) => state === 'active'),
    );
    const ring = await loadedRingOn(database);
    assert.deepEqual(statesOf(ring.list()), ['ES256 active', 'ES256 next']);
    assert.equal(kidIn(ring.list(), 'active'), kidIn(rows, 'active'));
  });
});
