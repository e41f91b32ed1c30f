import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeToken } from '#keys';
import {
  assemble,
  assertAccepted,
  assertRefused,
  encode,
  goodClaims,
  goodHeader,
  makeKey,
  policyFor,
  signedBy,
  token,
} from './token-builder.ts';

const key = await makeKey('ES256');
const policy = policyFor([key]);
const MALFORMED = /malformed/;

describe('the form of a token', () => {
  it('is three parts, neither fewer nor more', () => {
    const [header, payload, signature] = token(key).split('.');
    const wrong = ['', '.', '..', '...', `${header}`, `${header}.${payload}.${signature}.`, `.${token(key)}`];
    const encrypted = `${header}.${payload}.${signature}.${payload}.${signature}`;
    for (const text of [...wrong, encrypted]) assertRefused(text, policy, MALFORMED);
  });

  it('is text, also where a caller without types hands over something else', () => {
    for (const value of [undefined, null, 1, {}, [token(key)], Buffer.from(token(key))]) {
      assertRefused(value as unknown as string, policy, MALFORMED);
      assert.equal(decodeToken(value as unknown as string), null);
    }
  });

  it('is strict base64url: no padding, spaces, other alphabet, or stray bits', () => {
    const good = token(key);
    const [header, payload, signature] = good.split('.');
    for (const text of [` ${good}`, `${good}\n`, `${good}=`, `${header}=.${payload}.${signature}`]) {
      assertRefused(text, policy, MALFORMED);
    }
    assertRefused(`${good}A`, policy, /signature/);
    // 64 bytes end in a character of which two bits count: there are fifteen others of the same meaning.
    const last = good.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sibling = alphabet[alphabet.indexOf(last) + 1] ?? '';
    assertRefused(good.slice(0, -1) + sibling, policy, MALFORMED);
    const signer = signedBy(key);
    const plusAlphabet = `${encode(goodHeader(key))}.${Buffer.from('{"a":"\u00ff\u00fe>>>???"}').toString('base64')}`;
    assertRefused(`${plusAlphabet}.${signer(plusAlphabet).toString('base64url')}`, policy, MALFORMED);
  });

  it('is of the type asked for, of one of several, or of none where that is asked for', () => {
    const typed = (typ: unknown) => token(key, goodClaims(), goodHeader(key, { typ }));
    const several = policyFor([key], { typ: [null, 'JWT', 'x+jwt'] });
    for (const typ of [undefined, 'JWT', 'jwt', 'application/x+jwt']) assertAccepted(typed(typ), several);
    for (const typ of ['', null, 'at+jwt', 'JWT ', ['JWT'], 0]) assertRefused(typed(typ), several, /type/);
    const untyped = policyFor([key], { typ: [null] });
    assertAccepted(typed(undefined), untyped);
    for (const typ of ['JWT', 'null', null]) assertRefused(typed(typ), untyped, /type/);
    assertRefused(typed(undefined), policyFor([key], { typ: [] }), /type/);
    assertRefused(typed(undefined), policy, /type/);
  });

  it('is at most 16 kB', () => {
    const filled = (length: number) => token(key, goodClaims({ filling: 'x'.repeat(length) }));
    assertAccepted(filled(11_500), policy);
    assertRefused(filled(12_500), policy, MALFORMED);
    assertRefused('x'.repeat(10_000_000), policy, MALFORMED);
  });

  it('is a JSON object, in the header', () => {
    for (const header of [
      '[]',
      'null',
      '"text"',
      '1',
      '',
      '{',
      '{}{}',
      '{"alg":"ES256",}',
      "{'alg':'ES256'}",
    ]) {
      assertRefused(token(key, goodClaims(), header), policy, MALFORMED);
    }
    assertRefused(token(key, goodClaims(), '{}'), policy, /type/);
  });

  it('is a JSON object, in the payload', () => {
    for (const payload of [
      '[]',
      'null',
      '"text"',
      '1',
      'true',
      '',
      '{',
      '[{"exp":9999999999}]',
      '\ufeff{}',
    ]) {
      assertRefused(token(key, payload), policy, MALFORMED);
      assert.equal(decodeToken(token(key, payload)), null);
    }
  });

  it('survives JSON that is nested as deep as it fits', () => {
    assertRefused(token(key, '['.repeat(11_000)), policy, MALFORMED);
    const deep = '['.repeat(5000) + ']'.repeat(5000);
    assertAccepted(token(key, `{"deep":${deep},${JSON.stringify(goodClaims()).slice(1)}`), policy);
    assertRefused(token(key, goodClaims(), `{"deep":${deep},"alg":"ES256"}`), policy, /type/);
  });

  it('is UTF-8', () => {
    const signer = signedBy(key);
    const latin = Buffer.concat([
      Buffer.from('{"exp":9999999999,"name":"'),
      Buffer.from([0xe9]),
      Buffer.from('"}'),
    ]);
    const signingInput = `${encode(goodHeader(key))}.${latin.toString('base64url')}`;
    assertRefused(`${signingInput}.${signer(signingInput).toString('base64url')}`, policy, MALFORMED);
    const accepted = assertAccepted(token(key, goodClaims({ name: 'Zoë 🗝' })), policy);
    assert.equal(accepted.name, 'Zoë 🗝');
  });

  it('has each name once: in the header, in the payload, below them, and however it is written', () => {
    const header = JSON.stringify(goodHeader(key)).slice(1, -1);
    for (const second of ['"alg":"none"', '"\\u0061lg":"ES256"', '"kid":"other"', '"typ" :"at+jwt"']) {
      assertRefused(token(key, goodClaims(), `{${header},${second}}`), policy, MALFORMED);
      assertRefused(token(key, goodClaims(), `{${second},${header}}`), policy, MALFORMED);
    }
    const payload = JSON.stringify(goodClaims()).slice(1, -1);
    for (const second of [
      '"exp":9999999999',
      '"e\\u0078p"\n:1',
      '"act":{"sub":"a","sub":"b"}',
      '"":1,"":2',
    ]) {
      assertRefused(token(key, `{${payload},${second}}`), policy, MALFORMED);
    }
  });

  it('may have one name in different objects, and in values', () => {
    const nested = { act: { sub: 'a', act: { sub: 'b' } }, list: [{ sub: 1 }, { sub: 2 }] };
    const tricky = {
      quote: '"sub":"x", \\',
      brace: '{"sub":1}',
      'na"me': 1,
      'na\\me': 2,
      names: ['sub', 'sub'],
    };
    assertAccepted(token(key, goodClaims({ ...nested, ...tricky })), policy);
  });

  it('cannot reach the prototype of anything', () => {
    const payload = `{"__proto__":{"admin":true},${JSON.stringify(goodClaims()).slice(1)}`;
    const claims = assertAccepted(token(key, payload), policy);
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    assert.equal(claims.admin, undefined);
    assert.equal(({} as Record<string, unknown>).admin, undefined);
  });

  it('is read without any check by decodeToken, in the same strict form', () => {
    const unsigned = assemble({ alg: 'none' }, { iss: 'anyone' }, () => Buffer.alloc(0));
    assert.deepEqual(decodeToken(unsigned), { header: { alg: 'none' }, claims: { iss: 'anyone' } });
    for (const text of ['', 'a.b.c', `${unsigned}=`, `${unsigned}.`, 'x'.repeat(20_000)]) {
      assert.equal(decodeToken(text), null);
    }
  });
});
