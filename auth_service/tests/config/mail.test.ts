import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf, production, type Texts, warned } from './loading.ts';

describe('mail', () => {
  const smtp = (texts: Texts) =>
    loadConfig({ SMTP_HOST: 'mail', SMTP_FROM: 'auth@example.com', ...texts }).smtp;

  test('is on once a server is named, with TLS by its port', () => {
    assert.deepEqual(smtp({}), {
      host: 'mail',
      port: 587,
      tls: 'starttls',
      credentials: null,
      from: 'auth@example.com',
      senderName: null,
    });
    assert.equal(smtp({ SMTP_PORT: '465' })?.tls, 'implicit');
    assert.equal(smtp({ SMTP_PORT: '465', SMTP_TLS: 'none' })?.tls, 'none');
  });

  test("Supabase's names of its settings are taken as well", () => {
    const config = smtp({ SMTP_FROM: '', SMTP_ADMIN_EMAIL: 'a@example.com', SMTP_USER: 'u', SMTP_PASS: 'p' });
    assert.equal(config?.from, 'a@example.com');
    assert.deepEqual(config?.credentials, { user: 'u', password: 'p' });
  });

  test('what belongs together is missed', () => {
    assertOneFault(faultsOf({ SMTP_HOST: 'mail' }), 'SMTP_FROM', /not set/);
    const texts = { SMTP_HOST: 'mail', SMTP_FROM: 'a@example.com' };
    assertOneFault(faultsOf({ ...texts, SMTP_USER: 'u' }), 'SMTP_PASSWORD', /not set/);
    assertOneFault(faultsOf({ ...texts, SMTP_PASSWORD: 'p' }), 'SMTP_USER', /not set/);
    assertOneFault(faultsOf({ ...texts, SMTP_PORT: '0' }), 'SMTP_PORT', /port/);
  });

  test('a password in the clear is warned about in production', () => {
    const config = production({
      SMTP_HOST: 'mail',
      SMTP_FROM: 'a@example.com',
      SMTP_USER: 'u',
      SMTP_PASSWORD: 'p',
      SMTP_TLS: 'none',
    });
    assert.deepEqual(warned(config), ['SMTP_TLS']);
  });
});
