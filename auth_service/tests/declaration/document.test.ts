import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Declared, readDocument, renderDocument } from '#declaration';
import { isServiceError } from '#errors';

function faultsOf(text: string): string[] {
  try {
    readDocument(text);
  } catch (error) {
    assert.ok(isServiceError(error, 'validation_failed'), String(error));
    return (error.fields ?? []).map(({ field, message }) => `${field}: ${message}`);
  }
  return assert.fail('it was read');
}

const CLIENT = {
  id: '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a10',
  name: 'Orders worker',
  description: 'Moves orders',
  isActive: false,
  allowedCallbackUrls: ['https://a.example/cb'],
  allowedResources: ['https://orders.example.com'],
  tokenEndpointAuthMethod: 'private_key_jwt',
  tokenLifetimeSeconds: 60,
  refreshTokens: true,
  jwks: null,
  jwksUri: 'https://keys.example.com/jwks',
  roles: ['orders-reader'],
} as const;

const DECLARED: Declared = {
  permissions: [{ name: 'orders:read', description: 'See orders: all of them' }, { name: 'orders:write' }],
  roles: [{ name: 'orders-reader', description: '# not a comment', permissions: ['orders:read'] }],
  clients: [CLIENT],
};

describe('the file of a declaration', () => {
  it('says everything, and is read as it was written, as YAML and as JSON', () => {
    for (const form of ['yaml', 'json'] as const) {
      assert.deepEqual(readDocument(renderDocument(DECLARED, form)), DECLARED);
    }
  });

  it('speaks only of the parts it has', () => {
    assert.deepEqual(readDocument('version: 1'), {});
    assert.deepEqual(readDocument('version: 1\nroles:\nclients: []'), { roles: [], clients: [] });
  });

  it('that has faults is refused, each named by its place', () => {
    const cases: [string, string[]][] = [
      ['', ['file: must have the keys version, permissions, roles, clients']],
      ['[]', ['file: must have the keys version, permissions, roles, clients']],
      ['version: 2', ['version: must be 1']],
      ['roles: []', ['version: must be 1']],
      ['version: 1\nrols: []', ['rols: is not known; there are version, permissions, roles, clients']],
      ['version: 1\nroles: {}', ['roles: must be a list']],
      ['version: 1\nroles: [a]', ['roles[0]: must have the keys name, description, permissions']],
      ['version: 1\nroles: [{}]', ['roles[0].name: is missing']],
      ['version: 1\nroles: [{name: 7}]', ['roles[0].name: must be a text']],
      ['version: 1\nroles: [{name: a, permissions: [1]}]', ['roles[0].permissions: must be a list of texts']],
      [
        'version: 1\nroles: [{name: a, permission: b}]',
        ['roles[0].permission: is not known; there are name, description, permissions'],
      ],
      ['version: 1\nroles: [{name: a}, {name: b}, {name: a}]', ['roles[2].name: "a" stands there twice']],
      [
        'version: 1\nclients: [{client_name: a, is_active: "no"}]',
        ['clients[0].is_active: must be true or false'],
      ],
      [
        'version: 1\nclients: [{client_name: a, token_lifetime_seconds: "60"}]',
        ['clients[0].token_lifetime_seconds: must be a number or null'],
      ],
      [
        `version: 1\nclients: [{client_name: a, client_id: ${CLIENT.id}}, {client_name: b, client_id: ${CLIENT.id}}]`,
        [`clients[1].client_id: "${CLIENT.id}" stands there twice`],
      ],
    ];
    for (const [text, faults] of cases) assert.deepEqual(faultsOf(text), faults, text);
  });

  it('that is no YAML is refused with the line', () => {
    assert.match(faultsOf('version: 1\nroles: [')[0] ?? '', /^file: line 2, column \d+: /);
    assert.match(faultsOf('version: 1\nversion: 1')[0] ?? '', /^file: line 2, column 1: .*unique/);
  });

  it('whose aliases would fill the memory is refused', () => {
    const bomb = ['version: 1', 'a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi'].map((pair) => [...pair])) {
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
    }
    assert.match(faultsOf(bomb.join('\n'))[0] ?? '', /^file: .*alias/i);
  });
});
