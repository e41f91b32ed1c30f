import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Authority, BUILT_IN_PERMISSIONS, covers, requireAuthorityOver } from '#rbac';

const holding = (...permissions: string[]): Authority => ({ type: 'client', id: 'c', permissions });
const REFUSED = { code: 'exceeds_own_rights' };

describe('nobody rises above themselves', () => {
  it('who holds all that is carried before and after may write', () => {
    const by = holding('clients:write', 'orders:read', 'orders:write');
    requireAuthorityOver(by, [], []);
    requireAuthorityOver(by, ['orders:read'], ['orders:read', 'orders:write']);
    requireAuthorityOver(by, ['orders:write'], []);
  });

  it('who lacks a part of what is carried before or after may not, and hears what', () => {
    const by = holding('clients:write', 'orders:read');
    assert.throws(() => requireAuthorityOver(by, ['orders:write'], []), REFUSED);
    assert.throws(() => requireAuthorityOver(by, [], ['orders:read', 'orders:write']), {
      ...REFUSED,
      message: 'This carries what you do not hold yourself: orders:write. Ask somebody who does.',
    });
    assert.throws(() => requireAuthorityOver(holding(), ['orders:read'], ['orders:read']), REFUSED);
  });

  it('names at most five of what is lacking', () => {
    const many = ['a:a', 'b:b', 'c:c', 'd:d', 'e:e', 'f:f', 'g:g'];
    assert.throws(() => requireAuthorityOver(holding(), many, []), /a:a, b:b, c:c, d:d, e:e and 2 more\./);
  });

  it('role:admin_manage stands for every permission, new ones too; every other one only for itself', () => {
    requireAuthorityOver(holding('role:admin_manage'), ['made:yesterday'], ['made:today']);
    for (const { name } of BUILT_IN_PERMISSIONS) {
      if (name === 'role:admin_manage') continue;
      assert.throws(() => requireAuthorityOver(holding(name), ['role:admin_manage'], []), REFUSED, name);
      assert.throws(() => requireAuthorityOver(holding(name), [], ['role:admin_manage']), REFUSED, name);
    }
  });

  it('names are compared whole', () => {
    for (const near of [
      'orders:rea',
      'orders:read2',
      'ORDERS:READ',
      ' orders:read',
      'orders',
      'orders:*',
      '*',
    ]) {
      assert.equal(covers([near], 'orders:read'), false, near);
    }
  });

  it('the system may do everything', () => {
    requireAuthorityOver({ type: 'system', id: null }, ['role:admin_manage'], ['orders:read']);
  });
});
