import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import type { SigningKey } from '#storage';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import {
  kidIn,
  loadedRingOn,
  MASTER,
  replaceRows,
  ringOn,
  sealerOf,
  serviceErrorOf,
} from './ring-builder.ts';

const NEW_MASTER = Buffer.alloc(32, 8);
const OTHER_MASTER = Buffer.alloc(32, 9);

async function rowsOf(database: TestDatabase): Promise<SigningKey[]> {
  return await database.storage.signingKeys.list();
}

function contextOf({ algorithm, kid }: SigningKey): string {
  return `signing-key:${algorithm}:${kid}`;
}

describeOnEachDatabase('the sealed key ring', (open) => {
  it('refuses a changed encryption key, names both fingerprints and the remedy, and makes no new key', async () => {
    const database = await open();
    const before = await loadedRingOn(database);
    const rows = await rowsOf(database);
    const sealer = sealerOf(NEW_MASTER, OTHER_MASTER);
    for (const algorithm of ['ES256', 'EdDSA'] as const) {
      const ring = ringOn(database, { sealer, algorithm });
      const error = await serviceErrorOf(ring.load());
      assert.equal(error.code, 'encryption_key_mismatch');
      for (const fingerprint of [sealerOf(MASTER).fingerprint, ...sealer.fingerprints]) {
        assert.match(error.message, new RegExp(fingerprint));
      }
      assert.match(error.message, /ENCRYPTION_KEY_PREVIOUS/);
      assert.throws(() => ring.signToken({}, 'at+jwt'), { code: 'starting' });
      assert.deepEqual(await rowsOf(database), rows);
    }
    assert.deepEqual((await loadedRingOn(database)).list(), before.list());
  });

  it('refuses when one key of several does not open', async () => {
    const database = await open();
    await loadedRingOn(database);
    const [first] = await rowsOf(database);
    assert.ok(first);
    await replaceRows(database.storage, [first]);
    await loadedRingOn(database, { sealer: sealerOf(NEW_MASTER, MASTER) });
    const made = (await rowsOf(database)).find(({ kid }) => kid !== first.kid);
    assert.ok(made);
    await replaceRows(database.storage, [first, made]);
    const rows = await rowsOf(database);
    assert.equal((await serviceErrorOf(ringOn(database).load())).code, 'encryption_key_mismatch');
    assert.deepEqual(await rowsOf(database), rows);
  });

  it('opens what a previous key sealed, seals it with the current one, and needs the previous no more', async () => {
    const database = await open();
    const before = await loadedRingOn(database);
    await loadedRingOn(database, { algorithm: 'EdDSA' });
    const rows = await rowsOf(database);
    const sealer = sealerOf(NEW_MASTER, OTHER_MASTER, MASTER);
    const ring = await loadedRingOn(database, { algorithm: 'EdDSA', sealer });
    const resealed = await rowsOf(database);
    assert.ok(resealed.every(({ sealedPrivateKey }) => sealer.isCurrent(sealedPrivateKey)));
    const withoutSeal = (row: SigningKey) => ({ ...row, sealedPrivateKey: '' });
    const live = rows.filter(({ expiresAt }) => expiresAt === null || expiresAt > database.clock.now());
    assert.deepEqual(resealed.map(withoutSeal), live.map(withoutSeal));
    assert.ok(ring.findKey(kidIn(before.list(), 'active')));
    const later = await loadedRingOn(database, { algorithm: 'EdDSA', sealer: sealerOf(NEW_MASTER) });
    assert.deepEqual(later.list(), ring.list());
    assert.deepEqual(await rowsOf(database), resealed);
  });

  it('refuses a damaged key, names it, and makes no new one', async () => {
    const database = await open();
    await loadedRingOn(database);
    const [first, second] = await rowsOf(database);
    assert.ok(first && second);
    const sealed = first.sealedPrivateKey;
    const flipped = `${sealed.slice(0, -9)}${sealed.at(-9) === 'A' ? 'B' : 'A'}${sealed.slice(-8)}`;
    const altered = ['', 'nonsense', sealed.slice(0, -4), flipped, second.sealedPrivateKey];
    const sealer = sealerOf(MASTER);
    const [context, otherContext] = [contextOf(first), contextOf(second)];
    const foreign = [
      sealer.seal(Buffer.from('no key'), context),
      sealer.seal(sealer.open(sealed, context), otherContext),
      sealer.seal(sealer.open(second.sealedPrivateKey, otherContext), context),
    ];
    for (const sealedPrivateKey of [...altered, ...foreign]) {
      await replaceRows(database.storage, [{ ...first, sealedPrivateKey }, second]);
      const rows = await rowsOf(database);
      const error = await serviceErrorOf(ringOn(database).load());
      assert.equal(error.code, 'sealed_data_damaged');
      assert.match(error.message, new RegExp(first.kid));
      assert.deepEqual(await rowsOf(database), rows);
    }
  });

  it('refuses a key under another kid or algorithm than its own', async () => {
    const database = await open();
    await loadedRingOn(database);
    const [first, second] = await rowsOf(database);
    assert.ok(first && second);
    for (const change of [{ kid: 'another' }, { algorithm: 'EdDSA' as const }]) {
      await replaceRows(database.storage, [{ ...first, ...change }, second]);
      assert.equal((await serviceErrorOf(ringOn(database).load())).code, 'sealed_data_damaged');
    }
  });

  it('publishes what the sealed keys are, not what the public column says', async () => {
    const database = await open();
    const before = await loadedRingOn(database);
    const published = await before.jwks();
    const [first, second] = await rowsOf(database);
    assert.ok(first && second);
    await replaceRows(database.storage, [{ ...first, publicJwk: second.publicJwk }, second]);
    assert.deepEqual(await (await loadedRingOn(database)).jwks(), published);
  });

  it('does not look at retired keys whose time is over', async () => {
    const database = await open();
    await loadedRingOn(database);
    const lost = {
      ...(await rowsOf(database))[0],
      state: 'retired',
      expiresAt: database.clock.now(),
    } as SigningKey;
    await replaceRows(database.storage, [lost]);
    const ring = await loadedRingOn(database, { sealer: sealerOf(NEW_MASTER) });
    assert.equal(ring.findKey(lost.kid), null);
    assert.equal((await rowsOf(database)).length, 2);
  });

  it('keeps what it knows while another replica stores what it cannot open, and says so', async () => {
    const database = await open();
    const ring = await loadedRingOn(database);
    const list = ring.list();
    await loadedRingOn(database, { algorithm: 'EdDSA', sealer: sealerOf(NEW_MASTER, MASTER) });
    database.clock.advance(5);
    await ring.jwks();
    assert.deepEqual(ring.list(), list);
    const [line] = database.logger.lines.filter(({ level }) => level === 'WARNING');
    assert.match(line?.message ?? '', /last known/);
    assert.ok(isServiceError(line?.context?.error, 'encryption_key_mismatch'));
  });

  it('goes on reading what another replica has merely resealed', async () => {
    const database = await open();
    const ring = await loadedRingOn(database);
    await loadedRingOn(database, { sealer: sealerOf(NEW_MASTER, MASTER) });
    database.clock.advance(5);
    assert.equal((await ring.jwks()).keys.length, 2);
    assert.deepEqual(
      database.logger.lines.filter(({ level }) => level === 'WARNING'),
      [],
    );
  });
});
