import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deriveKey, equalInConstantTime, hmacSha256, prepareHmacKey, sha256 } from '#crypto';

describe('digest', () => {
  it('agrees with the vector of FIPS 180-2 on SHA-256', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.equal(sha256('abc').toString('hex'), expected);
    assert.equal(sha256(Buffer.from('abc')).toString('hex'), expected);
  });

  it('agrees with RFC 4231 §4.3 on HMAC, with bytes and with a prepared key', () => {
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    const data = 'what do ya want for nothing?';
    assert.equal(hmacSha256(Buffer.from('Jefe'), data).toString('hex'), expected);
    assert.equal(hmacSha256(prepareHmacKey('Jefe'), data).toString('hex'), expected);
    assert.equal(
      hmacSha256(prepareHmacKey(Buffer.from('Jefe')), Buffer.from(data)).toString('hex'),
      expected,
    );
  });

  it('agrees with RFC 5869 A.3 on HKDF', () => {
    const key = deriveKey(Buffer.alloc(22, 0x0b), '');
    assert.equal(key.toString('hex'), '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d');
  });

  it('derives another key for another purpose', () => {
    const master = Buffer.alloc(32, 1);
    assert.notDeepEqual(deriveKey(master, 'signing-keys'), deriveKey(master, 'totp'));
    assert.deepEqual(deriveKey(master, 'totp'), deriveKey(master, 'totp'));
  });

  it('compares bytes of any two lengths', () => {
    assert.equal(equalInConstantTime(Buffer.from('same'), Buffer.from('same')), true);
    assert.equal(equalInConstantTime(Buffer.from('same'), Buffer.from('sane')), false);
    assert.equal(equalInConstantTime(Buffer.from('same'), Buffer.from('longer')), false);
  });
});
