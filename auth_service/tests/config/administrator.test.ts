import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf, names, production, productionFaults } from './loading.ts';

describe('the first administrator', () => {
  const EMAIL = 'ops@example.com';
  const admin = (password: string, email = EMAIL) => ({
    INITIAL_ADMIN_EMAIL: email,
    INITIAL_ADMIN_PASSWORD: password,
  });

  test('e-mail and password come together', () => {
    assertOneFault(faultsOf({ INITIAL_ADMIN_EMAIL: EMAIL }), 'INITIAL_ADMIN_PASSWORD', /not set/);
    assertOneFault(faultsOf({ INITIAL_ADMIN_PASSWORD: 'Tulip-Ferry-58' }), 'INITIAL_ADMIN_EMAIL', /not set/);
    assert.deepEqual(loadConfig(admin('Tulip-Ferry-58')).initialAdmin, {
      email: EMAIL,
      password: 'Tulip-Ferry-58',
    });
  });

  test('a weak or default password is refused in production', () => {
    const weak = [
      EMAIL,
      'password',
      'changeme',
      'short-1!',
      'Password123!',
      'P@ssw0rd-1234',
      'admin-admin-1234',
      'secure-Admin-Password',
      '123456789012',
      'aaaaaaaaaaaaaaaa',
      'ops-password-2024',
    ];
    for (const password of weak) {
      for (const environment of ['staging', 'production']) {
        const faults = productionFaults({ ...admin(password), ENVIRONMENT: environment });
        assert.deepEqual(names(faults), ['INITIAL_ADMIN_PASSWORD'], password);
      }
      loadConfig(admin(password));
    }
    assertOneFault(productionFaults(admin('secure_admin_password')), 'INITIAL_ADMIN_PASSWORD', /placeholder/);
  });

  test('a good one is taken', () => {
    const good = [
      'correct horse battery',
      'Kj8#mN2$pQ9!xL',
      'S3cure!Admin#2024pw',
      'Adm1n-Strong-Pass!',
      'ПарольДляРабот',
    ];
    for (const password of good) {
      assert.equal(production(admin(password)).initialAdmin?.password, password);
    }
  });

  test('its length is what the identity server takes, everywhere', () => {
    assertOneFault(faultsOf(admin('a1b2c3d')), 'INITIAL_ADMIN_PASSWORD', /fewer than 8/);
    assertOneFault(faultsOf(admin('ab1-'.repeat(33))), 'INITIAL_ADMIN_PASSWORD', /more than 128/);
    assertOneFault(productionFaults(admin('abc1-'.repeat(15))), 'INITIAL_ADMIN_PASSWORD', /72 bytes/);
    assert.ok(production({ ...admin('abc1-'.repeat(15)), IDENTITY: 'embedded' }).initialAdmin);
  });

  test('the e-mail must be one', () => {
    assertOneFault(faultsOf(admin('Tulip-Ferry-58', 'ops')), 'INITIAL_ADMIN_EMAIL', /not an e-mail/);
  });
});
