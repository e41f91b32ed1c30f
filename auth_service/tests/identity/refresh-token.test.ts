import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hmacSha256, sha256 } from '#crypto';
import {
  isSignedBy,
  parseRefreshToken,
  writeRefreshToken,
} from '../../src/identity/embedded/refresh-token.ts';

const SESSION = '0195f3a0-1111-7222-8333-0123456789ab';
const KEY = Buffer.alloc(32, 1);

/** A token around this counter, well-formed in everything else. */
function around(counter: Buffer, { version = 0, session = SESSION } = {}): string {
  const signedPart = Buffer.concat([
    Buffer.of(version),
    Buffer.from(session.replaceAll('-', ''), 'hex'),
    counter,
  ]);
  const signed = Buffer.concat([signedPart, hmacSha256(KEY, signedPart).subarray(0, 16)]);
  return Buffer.concat([signed, sha256(signed).subarray(0, 4)]).toString('base64url');
}

describe('refresh token', () => {
  it('comes back as it was written, whatever the counter', () => {
    for (const counter of [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      const token = parseRefreshToken(writeRefreshToken(SESSION, counter, KEY));
      assert.equal(token?.sessionId, SESSION);
      assert.equal(token.counter, counter);
      assert.ok(isSignedBy(token, KEY));
    }
  });

  it('is laid out as GoTrue lays it out', () => {
    assert.equal(writeRefreshToken(SESSION, 300, KEY), around(Buffer.of(0b1010_1100, 0b10)));
    assert.match(writeRefreshToken(SESSION, 0, KEY), /^AA[\w-]{49}$/);
  });

  it('is signed by the key of its session alone', () => {
    const token = parseRefreshToken(writeRefreshToken(SESSION, 5, KEY));
    assert.ok(token !== null);
    assert.equal(isSignedBy(token, Buffer.alloc(32, 2)), false);
    assert.equal(isSignedBy(token, Buffer.alloc(0)), false);
  });

  it('with one bit turned anywhere is no token, whoever mends the checksum has no signature', () => {
    const bytes = Buffer.from(writeRefreshToken(SESSION, 5, KEY), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const turned = Buffer.from(bytes);
      turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(parseRefreshToken(turned.toString('base64url')), null, `bit ${bit}`);
      const signed = turned.subarray(0, -4);
      const mended = Buffer.concat([signed, sha256(signed).subarray(0, 4)]).toString('base64url');
      const token = parseRefreshToken(mended);
      const isOriginal = bit >= signed.length * 8;
      assert.equal(token !== null && isSignedBy(token, KEY), isOriginal, `bit ${bit}, mended`);
    }
  });

  it('has one spelling', () => {
    // 39 bytes and 38: with and without bits left over in the last character.
    for (const counter of [300, 1]) {
      const token = writeRefreshToken(SESSION, counter, KEY);
      const last = token.at(-1) ?? '';
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      for (const character of alphabet.replace(last, '')) {
        assert.equal(parseRefreshToken(token.slice(0, -1) + character), null);
      }
      const bytes = Buffer.from(token, 'base64url');
      for (const other of [
        `${token}=`,
        `${token}==`,
        `${token}A`,
        ` ${token}`,
        `${token}\n`,
        `${token.slice(0, 5)}.${token.slice(5)}`,
        token.slice(0, -1),
        bytes.toString('base64'),
        bytes.toString('hex'),
      ]) {
        assert.equal(other !== token && parseRefreshToken(other) !== null, false, other);
      }
    }
  });

  it('holds a counter below 2^53 in its shortest form, or is none', () => {
    const largest = Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f);
    assert.equal(parseRefreshToken(around(largest))?.counter, Number.MAX_SAFE_INTEGER);
    for (const counter of [
      Buffer.of(),
      Buffer.of(0x80),
      Buffer.of(0x80, 0x00),
      Buffer.of(0x81, 0x80, 0x00),
      Buffer.of(0x01, 0x01),
      Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10),
      Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
      Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
    ]) {
      assert.equal(parseRefreshToken(around(counter)), null, counter.toString('hex'));
    }
  });

  it('is of the version that is known', () => {
    assert.equal(parseRefreshToken(around(Buffer.of(1), { version: 1 })), null);
  });

  it('is nothing that is something else', () => {
    const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.';
    for (const text of ['', 'A', 'abcdefghijkl', jwt, 'ä'.repeat(51), '\0'.repeat(51), 'A'.repeat(100_000)]) {
      assert.equal(parseRefreshToken(text), null);
    }
  });
});
