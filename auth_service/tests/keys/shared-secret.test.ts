import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jwtVerify, SignJWT } from 'jose';
import { createSharedSecretKeys, decodeToken } from '#keys';
import { assertAccepted, assertRefused, goodClaims, NOW, policyFor } from './token-builder.ts';

const secret = 'a shared secret of more than 32 bytes, with an é';
const older = 'the secret that was used before, also long enough';

describe('shared secret', () => {
  it('signs HS256 tokens without kid, in the header asked for', () => {
    const keys = createSharedSecretKeys({ secret, previous: null });
    const text = keys.signToken(goodClaims(), 'at+jwt');
    assert.deepEqual(decodeToken(text), { header: { alg: 'HS256', typ: 'at+jwt' }, claims: goodClaims() });
    assert.deepEqual(decodeToken(keys.signToken({}, 'JWT'))?.header, { alg: 'HS256', typ: 'JWT' });
    assertAccepted(text, policyFor(keys.keys));
  });

  it('still takes tokens of the previous secret, and signs with the current one', () => {
    const before = createSharedSecretKeys({ secret: older, previous: null });
    const after = createSharedSecretKeys({ secret, previous: older });
    assertAccepted(before.signToken(goodClaims(), 'at+jwt'), policyFor(after.keys));
    assertRefused(after.signToken(goodClaims(), 'at+jwt'), policyFor(before.keys), /signature/);
  });

  it('takes no other secret', () => {
    const stranger = createSharedSecretKeys({ secret: `${secret} `, previous: null });
    const { keys } = createSharedSecretKeys({ secret, previous: older });
    assertRefused(stranger.signToken(goodClaims(), 'at+jwt'), policyFor(keys), /signature/);
  });

  it('is understood by jose both ways', async () => {
    const bytes = new TextEncoder().encode(secret);
    const keys = createSharedSecretKeys({ secret, previous: null });
    const ours = keys.signToken(goodClaims(), 'at+jwt');
    const { payload } = await jwtVerify(ours, bytes, { typ: 'at+jwt', currentDate: NOW });
    assert.deepEqual(payload, goodClaims());
    const theirs = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(bytes);
    assert.deepEqual(assertAccepted(theirs, policyFor(keys.keys)), goodClaims());
  });
});
