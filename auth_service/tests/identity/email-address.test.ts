import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { normalizeEmail, requireEmail } from '../../src/identity/email-address.ts';

describe('e-mail address', () => {
  it('has one spelling, in lower case and without what stands around it', () => {
    for (const [given, kept] of [
      ['ada@example.com', 'ada@example.com'],
      ['Ada.Lovelace@EXAMPLE.Com', 'ada.lovelace@example.com'],
      ['  ada@example.com\n', 'ada@example.com'],
      ['ada+list@example.com', 'ada+list@example.com'],
      ["o'hara_{x}@sub.example.co.uk", "o'hara_{x}@sub.example.co.uk"],
      ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
      ['ada@localhost', 'ada@localhost'],
    ] as const) {
      assert.equal(normalizeEmail(given), kept);
    }
  });

  it('keeps the dots: they make another address', () => {
    assert.notEqual(normalizeEmail('a.da@example.com'), normalizeEmail('ada@example.com'));
  });

  it('may be 254 characters long, its local part 64', () => {
    const local = 'a'.repeat(64);
    const domain = (length: number) => `${'d'.repeat(60)}.${'d'.repeat(60)}.${'d'.repeat(length - 126)}.com`;
    const longest = `${local}@${domain(189)}`;
    assert.equal(longest.length, 254);
    assert.equal(normalizeEmail(longest), longest);
    assert.equal(normalizeEmail(`${local}@${domain(190)}`), null);
    assert.equal(normalizeEmail(`${local}a@example.com`), null);
  });

  it('takes nothing outside ASCII, not even what becomes ASCII in lower case', () => {
    const kelvin = '\u212a';
    assert.equal(kelvin.toLowerCase(), 'k');
    for (const given of [
      `${kelvin}ate@example.com`,
      `kate@example.${kelvin}om`,
      'ÅDA@example.com',
      'ada@bücher.example',
      'ada@example.com\u200b',
      'ad\u0430@example.com',
      'ada＠example.com',
      'ad\0a@example.com',
      'ada@example.com\0',
    ]) {
      assert.equal(normalizeEmail(given), null, JSON.stringify(given));
    }
  });

  it('takes nothing that mail would not bring there', () => {
    for (const given of [
      '',
      '@',
      'ada',
      'ada@',
      '@example.com',
      'ada@example',
      'ada@example.',
      'ada@.com',
      'ada@-example.com',
      'ada@example-.com',
      'ada@exa_mple.com',
      'ada@example.c0m-',
      'ada@127.0.0.1',
      'ada@[127.0.0.1]',
      'ada@@example.com',
      'ada@example.com@example.com',
      '.ada@example.com',
      'ada.@example.com',
      'a..da@example.com',
      '"ada"@example.com',
      'ada lovelace@example.com',
      'ada@example.com,eve@example.com',
      '<ada@example.com>',
      'ada@example.com\r\nBcc: eve@example.com',
    ]) {
      assert.equal(normalizeEmail(given), null, JSON.stringify(given));
    }
  });

  it('names the field that is wrong', () => {
    assert.equal(requireEmail('ADA@example.com'), 'ada@example.com');
    assert.throws(
      () => requireEmail('ada'),
      (error) => isServiceError(error, 'validation_failed') && error.fields?.[0]?.field === 'email',
    );
  });
});
