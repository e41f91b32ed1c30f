import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { faultsOf, names, production, warned } from './loading.ts';

describe('rate limits', () => {
  const login = (value: string) => loadConfig({ RATE_LIMIT_LOGIN: value }).rateLimits.login;

  test('are a number in a second, minute, hour or day, also in the plural', () => {
    assert.deepEqual(login('1/second'), { limit: 1, windowSeconds: 1 });
    assert.deepEqual(login('20/Minutes'), { limit: 20, windowSeconds: 60 });
    assert.deepEqual(login(' 100 / hour '), { limit: 100, windowSeconds: 3600 });
    assert.deepEqual(login('1000/days'), { limit: 1000, windowSeconds: 86_400 });
  });

  test('have the documented defaults', () => {
    const limits = Object.entries(loadConfig({}).rateLimits).map(([name, rate]) => [name, rate?.limit]);
    assert.deepEqual(Object.fromEntries(limits), {
      login: 20,
      register: 10,
      token: 30,
      passwordReset: 5,
      mfa: 15,
    });
  });

  test('off switches one off, which is warned about in production', () => {
    assert.equal(login('off'), null);
    assert.equal(login('OFF'), null);
    assert.deepEqual(warned(production({ RATE_LIMIT_TOKEN: 'off' })), ['RATE_LIMIT_TOKEN']);
  });

  test('refuse everything else', () => {
    const wrong = [
      '20',
      '20/week',
      '20/5minutes',
      '-1/minute',
      '1.5/minute',
      '20 per minute',
      '0/minute',
      'none',
    ];
    for (const value of wrong) {
      assert.deepEqual(names(faultsOf({ RATE_LIMIT_LOGIN: value })), ['RATE_LIMIT_LOGIN'], value);
    }
  });
});
