import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Config, loadConfig } from '#config';
import {
  assertOneFault,
  faultsOf,
  names,
  production,
  productionFaults,
  type Texts,
  warned,
} from './loading.ts';

describe('redirects', () => {
  test('are full URLs, also of apps', () => {
    const { redirects } = loadConfig({
      REDIRECT_ALLOW_LIST: 'https://app.example.com, myapp://welcome',
      PASSWORD_RESET_REDIRECT_URL: 'https://app.example.com/#/reset',
    });
    assert.deepEqual(redirects, {
      allowList: ['https://app.example.com/', 'myapp://welcome'],
      passwordReset: 'https://app.example.com/#/reset',
      emailConfirmation: null,
    });
  });

  test('refuse wildcards, relative targets, credentials and scripting schemes', () => {
    const wrong = [
      'https://*.example.com',
      '/welcome',
      'https://a:b@example.com',
      'javascript://x',
      'file:///etc',
    ];
    for (const url of wrong) {
      assert.deepEqual(names(faultsOf({ REDIRECT_ALLOW_LIST: url })), ['REDIRECT_ALLOW_LIST'], url);
    }
  });

  test('without https are warned about in production', () => {
    const config = production({
      REDIRECT_ALLOW_LIST: 'http://localhost:3000/welcome',
      EMAIL_CONFIRMATION_REDIRECT_URL: 'http://app.example.com/welcome',
    });
    assert.deepEqual(warned(config), ['EMAIL_CONFIRMATION_REDIRECT_URL']);
  });
});

describe('social login', () => {
  const providers = (texts: Texts): Config['socialProviders'] => loadConfig(texts).socialProviders;

  test('a provider is on once its id and secret are set', () => {
    for (const name of ['GOOGLE', 'GITHUB', 'MICROSOFT', 'APPLE', 'GITLAB']) {
      const texts = { [`${name}_CLIENT_ID`]: 'id', [`${name}_CLIENT_SECRET`]: 'secret' };
      const expected = { name: name.toLowerCase(), issuer: null, clientId: 'id', clientSecret: 'secret' };
      assert.deepEqual(providers(texts), [expected]);
    }
    assertOneFault(faultsOf({ GOOGLE_CLIENT_ID: 'id' }), 'GOOGLE_CLIENT_SECRET', /not set/);
    assertOneFault(faultsOf({ GITLAB_CLIENT_SECRET: 'x' }), 'GITLAB_CLIENT_ID', /not set/);
  });

  test('any issuer can be one, prefixed and mounted too', () => {
    const texts = {
      OIDC_ACME_CORP_ISSUER: 'https://login.acme.example.com/',
      AUTH_SERVICE_OIDC_ACME_CORP_CLIENT_ID: 'id',
      OIDC_ACME_CORP_CLIENT_SECRET_FILE: '/run/secrets/acme',
      OIDC_UNSET_ISSUER: '',
    };
    assert.deepEqual(loadConfig(texts, { readFile: () => 'secret\n' }).socialProviders, [
      { name: 'acme-corp', issuer: 'https://login.acme.example.com', clientId: 'id', clientSecret: 'secret' },
    ]);
  });

  test('needs all three, and a name that is free', () => {
    assert.deepEqual(names(faultsOf({ OIDC_ACME_ISSUER: 'https://login.example.com' })), [
      'OIDC_ACME_CLIENT_ID',
      'OIDC_ACME_CLIENT_SECRET',
    ]);
    assertOneFault(
      faultsOf({ OIDC_ACME_CLIENT_ID: 'id', OIDC_ACME_CLIENT_SECRET: 'x' }),
      'OIDC_ACME_ISSUER',
      /not/,
    );
    for (const name of ['GOOGLE', 'MAGICLINK', 'EXCHANGE']) {
      const texts = {
        [`OIDC_${name}_ISSUER`]: 'https://login.example.com',
        [`OIDC_${name}_CLIENT_ID`]: 'id',
        [`OIDC_${name}_CLIENT_SECRET`]: 'secret',
      };
      assertOneFault(faultsOf(texts), `OIDC_${name}_ISSUER`, /taken/);
    }
  });

  test('an issuer without https is refused in production', () => {
    const texts = {
      OIDC_ACME_ISSUER: 'http://login.example.com',
      OIDC_ACME_CLIENT_ID: 'id',
      OIDC_ACME_CLIENT_SECRET: 'secret',
    };
    assertOneFault(productionFaults(texts), 'OIDC_ACME_ISSUER', /https/);
    assert.equal(providers(texts).length, 1);
  });
});
