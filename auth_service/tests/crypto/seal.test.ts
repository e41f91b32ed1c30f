import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSealer, SealError, type SealerOptions, systemRandom } from '#crypto';

const oldMaster = Buffer.alloc(32, 1);
const master = Buffer.alloc(32, 2);
const plain = Buffer.from('the private key');

function sealerWith(options: Partial<SealerOptions> = {}) {
  return createSealer({ purpose: 'signing-keys', master, random: systemRandom, ...options });
}

function refusal(open: () => unknown): SealError {
  try {
    open();
  } catch (error) {
    assert.ok(error instanceof SealError);
    return error;
  }
  assert.fail('it opened');
}

describe('sealer', () => {
  it('opens what it sealed, in the context it was sealed for', () => {
    const sealer = sealerWith();
    const sealed = sealer.seal(plain, 'signing-key:1');
    assert.match(sealed, /^v1\.[0-9a-f]{16}\.[A-Za-z0-9_-]+$/);
    assert.deepEqual(sealer.open(sealed, 'signing-key:1'), plain);
    assert.deepEqual(sealer.open(sealer.seal(Buffer.alloc(0), ''), ''), Buffer.alloc(0));
  });

  it('does not open in another context', () => {
    const sealer = sealerWith();
    const { reason } = refusal(() => sealer.open(sealer.seal(plain, 'signing-key:1'), 'signing-key:2'));
    assert.equal(reason, 'damaged');
  });

  it('does not open what was sealed for another purpose, though its key has the same fingerprint', () => {
    const other = sealerWith({ purpose: 'totp' });
    const sealer = sealerWith();
    assert.equal(other.fingerprint, sealer.fingerprint);
    assert.equal(refusal(() => sealer.open(other.seal(plain, 'x'), 'x')).reason, 'damaged');
  });

  it('seals the same thing differently each time', () => {
    const sealer = sealerWith();
    assert.notEqual(sealer.seal(plain, 'x'), sealer.seal(plain, 'x'));
  });

  it('opens what a previous master sealed, and says that it is not current', () => {
    const sealed = sealerWith({ master: oldMaster }).seal(plain, 'x');
    const sealer = sealerWith({ previous: [oldMaster] });
    assert.deepEqual(sealer.open(sealed, 'x'), plain);
    assert.equal(sealer.isCurrent(sealed), false);
    assert.equal(sealer.isCurrent(sealer.seal(plain, 'x')), true);
    assert.deepEqual(sealer.fingerprints, [
      sealer.fingerprint,
      sealerWith({ master: oldMaster }).fingerprint,
    ]);
  });

  it('names the master it does not have', () => {
    const old = sealerWith({ master: oldMaster });
    const error = refusal(() => sealerWith().open(old.seal(plain, 'x'), 'x'));
    assert.equal(error.reason, 'unknown_key');
    assert.equal(error.fingerprint, old.fingerprint);
    assert.match(error.message, new RegExp(old.fingerprint));
  });

  it('notices every single altered character', () => {
    const sealer = sealerWith();
    const sealed = sealer.seal(plain, 'x');
    for (let at = 0; at < sealed.length; at += 1) {
      // The last character carries two bits only; 'A' and 'y' differ in those, too.
      const altered = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'y' : 'A'}${sealed.slice(at + 1)}`;
      assert.throws(() => sealer.open(altered, 'x'), SealError, `character ${at}`);
    }
  });

  it('calls whatever it never made damaged', () => {
    const sealer = sealerWith();
    const body = sealer.seal(plain, 'x').split('.')[2] ?? '';
    const texts = ['', 'v1', 'v1..', `v2.${sealer.fingerprint}.${body}`, `v1.${sealer.fingerprint}.${body}=`];
    const short = `v1.${sealer.fingerprint}.`;
    for (const text of [...texts, short, `${short}AA`, `${short}${body.slice(0, 20)}`, `${short}${body}\n`]) {
      assert.equal(refusal(() => sealer.open(text, 'x')).reason, 'damaged', text);
    }
  });

  it('takes a master of any length but none', () => {
    const sealer = sealerWith({ master: Buffer.from('a shared secret') });
    assert.deepEqual(sealer.open(sealer.seal(plain, 'x'), 'x'), plain);
    assert.throws(() => sealerWith({ master: Buffer.alloc(0) }), RangeError);
    assert.throws(() => sealerWith({ previous: [Buffer.alloc(0)] }), RangeError);
  });
});
