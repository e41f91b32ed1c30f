import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUILT_IN_PERMISSIONS, BUILT_IN_ROLES, PERMISSION_NAME, ROLE_NAME } from '#rbac';

const LONGEST = `a${'b'.repeat(63)}`;

describe('names', () => {
  it('of roles are small ASCII words', () => {
    for (const name of ['a', 'admin', 'orders.reader', 'x-1_y', LONGEST]) assert.match(name, ROLE_NAME);
    for (const name of [
      '',
      'Admin',
      '1a',
      '-a',
      'a b',
      'a\n',
      'a:b',
      'аdmin',
      'admin\u200b',
      'ａdmin',
      `${LONGEST}c`,
      'é',
    ]) {
      assert.doesNotMatch(name, ROLE_NAME, JSON.stringify(name));
    }
  });

  it('of permissions are noun:verb', () => {
    for (const name of ['orders:read', 'a:b', 'a.b-c_d:e.f', `${LONGEST}:${LONGEST}`])
      assert.match(name, PERMISSION_NAME);
    for (const name of [
      'orders',
      'orders:',
      ':read',
      'a:b:c',
      'Orders:read',
      'orders:read\n',
      'orders: read',
      'orders：read',
      'о:r',
    ]) {
      assert.doesNotMatch(name, PERMISSION_NAME, JSON.stringify(name));
    }
  });

  it('of the built-ins obey their own rules, each once', () => {
    const permissions = BUILT_IN_PERMISSIONS.map(({ name }) => name);
    for (const name of permissions) assert.match(name, PERMISSION_NAME);
    for (const { name } of BUILT_IN_ROLES) assert.match(name, ROLE_NAME);
    assert.equal(new Set(permissions).size, 14);
  });
});
