import { describe, it } from 'node:test';
import {
  assertAccepted,
  assertRefused,
  goodClaims,
  goodHeader,
  makeKey,
  NOW_SECONDS,
  policyFor,
  token,
} from './token-builder.ts';

const key = await makeKey('EdDSA');
const policy = policyFor([key]);

/** A moment so many seconds from now. */
function at(seconds: number): Date {
  return new Date((NOW_SECONDS + seconds) * 1000);
}

describe('the type of a token', () => {
  it('is a media type: of any case, with or without "application/"', () => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      assertAccepted(token(key, goodClaims(), goodHeader(key, { typ })), policy);
      assertAccepted(token(key), policyFor([key], { typ }));
    }
  });

  it('must be the one asked for', () => {
    const others = ['JWT', 'jwt', 'at-jwt', 'at+jwt ', 'text/at+jwt', 'application/application/at+jwt', ''];
    for (const typ of [...others, null, 1, ['at+jwt'], undefined]) {
      assertRefused(token(key, goodClaims(), goodHeader(key, { typ })), policy, /type/);
    }
    assertRefused(token(key), policyFor([key], { typ: 'JWT' }), /type/);
  });
});

describe('extensions that a token calls critical', () => {
  it('are refused whatever they are', () => {
    for (const crit of [['exp'], ['b64'], ['http://example.com/x'], [], null, 'exp', false]) {
      assertRefused(token(key, goodClaims(), goodHeader(key, { crit, b64: true })), policy, /extension/);
    }
  });
});

describe('the times of a token', () => {
  it('end it when exp has come, but for the tolerance', () => {
    const text = token(key, goodClaims({ exp: NOW_SECONDS + 60 }));
    assertAccepted(text, policy, at(59.999));
    assertAccepted(text, policy, at(64.999));
    assertRefused(text, policy, /expired/, at(65));
    assertRefused(text, policyFor([key], { clockToleranceSeconds: 0 }), /expired/, at(60));
  });

  it('start it with nbf and iat, but for the tolerance', () => {
    for (const claim of ['nbf', 'iat']) {
      const text = token(key, goodClaims({ [claim]: NOW_SECONDS + 60 }));
      assertRefused(text, policy, /not valid yet/, at(54.999));
      assertAccepted(text, policy, at(55));
      assertAccepted(token(key, goodClaims({ [claim]: NOW_SECONDS })), policy);
    }
  });

  it('need an exp that is a date', () => {
    const wrong = [
      undefined,
      null,
      '9999999999',
      true,
      [9_999_999_999],
      {},
      -1,
      -9_999_999_999,
      1e300,
      8.65e12,
    ];
    for (const exp of wrong) assertRefused(token(key, goodClaims({ exp })), policy, /expiry/);
    const endless = JSON.stringify(goodClaims()).replace(/"exp":\d+/, '"exp":1e999');
    assertRefused(token(key, endless), policy, /expiry/);
    assertRefused(token(key, goodClaims({ exp: 0 })), policy, /expired/);
  });

  it('need nbf and iat to be dates where they are there', () => {
    for (const claim of ['nbf', 'iat']) {
      for (const value of [null, String(NOW_SECONDS), -1, 1e300, {}, false]) {
        assertRefused(token(key, goodClaims({ [claim]: value })), policy, /malformed/);
      }
      assertAccepted(token(key, goodClaims({ [claim]: undefined })), policy);
      assertAccepted(token(key, goodClaims({ [claim]: NOW_SECONDS - 0.5 })), policy);
    }
  });
});

describe('the parties of a token', () => {
  it('include the issuer asked for, to the letter', () => {
    const issuers = [
      'https://auth.example.com/',
      'HTTPS://auth.example.com',
      'https://evil.example.com',
      '',
      null,
    ];
    for (const iss of [...issuers, undefined, 1, ['https://auth.example.com']]) {
      assertRefused(token(key, goodClaims({ iss })), policy, /issuer/);
    }
  });

  it('include the audience asked for, alone or among others', () => {
    assertAccepted(
      token(key, goodClaims({ aud: ['https://a.example', 'paservices_microservices'] })),
      policy,
    );
    const audiences = [
      'other',
      'PASERVICES_MICROSERVICES',
      'paservices_microservices,other',
      '',
      [],
      ['other'],
    ];
    for (const aud of [...audiences, null, undefined, 1, { 0: 'paservices_microservices' }]) {
      assertRefused(token(key, goodClaims({ aud })), policy, /audience/);
    }
    assertRefused(token(key, goodClaims({ aud: ['paservices_microservices', 1] })), policy, /audience/);
    assertRefused(token(key, goodClaims({ aud: [['paservices_microservices']] })), policy, /audience/);
  });

  it('have names that are text', () => {
    for (const value of [1, null, {}, ['a'], true]) {
      assertRefused(token(key, goodClaims({ sub: value })), policy, /malformed/);
      assertRefused(token(key, goodClaims({ jti: value })), policy, /malformed/);
    }
  });
});
