import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { type Environment, run, temporaryFolder } from './command-line.ts';
import { describeOnEachEnvironment } from './environments.ts';

const FILE = `version: 1
permissions:
  - { name: "orders:read", description: See orders }
roles:
  - { name: orders-reader, permissions: ["orders:read"] }
clients:
  - { client_name: Orders worker, assigned_roles: [orders-reader] }
`;

describeOnEachEnvironment('apply and export', (open) => {
  let env: Environment;
  before(async () => {
    env = await open({ held: true });
  });

  it('show the difference, make it once, and print what is there as a file that changes nothing', async (t) => {
    const file = join(temporaryFolder(t), 'rbac.yaml');
    writeFileSync(file, FILE);
    const expected = [
      '+ permission orders:read',
      '    description: "See orders"',
      '+ role orders-reader',
      '    + orders:read',
      '+ client "Orders worker"',
      '    + orders-reader',
      '',
    ];
    const tried = await run(['apply', file, '--dry-run'], env);
    assert.deepEqual([tried.code, tried.stderr], [0, '']);
    assert.equal(tried.stdout, [...expected, '3 to create, 0 to update, 0 to delete.', ''].join('\n'));

    const done = await run(['apply', file], env);
    assert.equal(done.code, 0);
    assert.match(done.stdout, /\n3 created, 0 updated, 0 deleted\.\n$/);
    assert.match(
      done.stderr,
      /Client "Orders worker" has no secret yet\. .* clients add-secret [0-9a-f-]{36}/,
    );
    assert.equal((await run(['apply', file], env)).stdout, 'Everything is as the file says.\n');

    const exported = await run(['export'], env);
    writeFileSync(file, exported.stdout);
    const again = await run(['apply', file, '--prune', '--json'], env);
    assert.deepEqual(JSON.parse(again.stdout), { dry_run: false, changes: [] });
    assert.doesNotMatch(exported.stdout, /pas_|client_secret|hash/);
  });

  it('give a client made by a file its secret, and take it away', async () => {
    const [client] = JSON.parse((await run(['clients', 'list', '--json'], env)).stdout).clients;
    const { client_id: id } = client;
    const added = await run(['clients', 'add-secret', id, '--json'], env);
    const secret = JSON.parse(added.stdout);
    assert.match(secret.client_secret, /^pas_/);
    const kept = await run(['clients', 'remove-secret', id, secret.id], env);
    assert.deepEqual([kept.code, kept.stdout], [1, '']);
    assert.match(kept.stderr, /only secret/);
    const removed = await run(['clients', 'remove-secret', id, secret.id, '--force'], env);
    assert.deepEqual([removed.code, removed.stderr], [0, '']);
  });

  it('say what is wrong with a file, and what to do', async (t) => {
    const file = join(temporaryFolder(t), 'rbac.yaml');
    writeFileSync(file, 'version: 1\nroles: [{ name: a, permissions: ["no:such"] }]\n');
    const unknown = await run(['apply', file], env);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^error: role "a": There is no permission "no:such"\.\n$/);
    writeFileSync(file, 'version: 1\nrols: []\n');
    const misspelt = await run(['apply', file], env);
    assert.match(misspelt.stderr, /rols: is not known; there are version, permissions, roles, clients/);
    assert.match(misspelt.stderr, /auth-service apply --help/);
    const missing = await run(['apply', `${file}.gone`], env);
    assert.match(missing.stderr, /was not read: ENOENT\./);
  });
});
