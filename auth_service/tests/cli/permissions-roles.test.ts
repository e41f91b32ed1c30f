import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { type Environment, run } from './command-line.ts';
import { describeOnEachEnvironment } from './environments.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Named {
  readonly name: string;
  readonly permissions?: readonly string[];
}

describeOnEachEnvironment('permissions and roles', (open) => {
  let env: Environment;
  const json = async (...argv: string[]) => {
    const { code, stdout, stderr } = await run([...argv, '--json'], env);
    return {
      code,
      body: JSON.parse(code === 0 ? stdout : stderr),
      isSilentElsewhere: (code === 0 ? stderr : stdout) === '',
    };
  };
  before(async () => {
    env = await open({ held: true });
  });

  it('are made with the names of the API', async () => {
    const permission = await json('permissions', 'create', 'orders:read', '--description', 'Read orders');
    assert.deepEqual([permission.code, permission.isSilentElsewhere], [0, true]);
    assert.deepEqual(Object.keys(permission.body), ['id', 'name', 'description', 'created_at', 'updated_at']);
    assert.deepEqual([permission.body.name, permission.body.description], ['orders:read', 'Read orders']);
    assert.match(permission.body.created_at, TIME);
    const role = await json('roles', 'create', 'orders-reader');
    assert.deepEqual([role.code, role.body.name, role.body.description], [0, 'orders-reader', null]);
    const { stdout } = await run(['roles', 'create', 'orders-writer'], env);
    assert.equal(stdout, 'Created role orders-writer.\n');
  });

  it('refuse a name that is taken or badly formed', async () => {
    const taken = await json('roles', 'create', 'orders-reader');
    assert.deepEqual([taken.code, taken.isSilentElsewhere, taken.body.code], [1, true, 'already_exists']);
    const bad = await json('permissions', 'create', 'Orders');
    assert.deepEqual([bad.code, bad.body.code, bad.body.errors[0].field], [1, 'validation_failed', 'name']);
    const { stderr } = await run(['permissions', 'create', 'Orders'], env);
    assert.match(
      stderr,
      /^error: .*\n {2}name: .*\nSee how it is used with: auth-service permissions create --help\n$/,
    );
  });

  it('are granted and revoked, and say when it was so already', async () => {
    const granted = await json('roles', 'grant', 'orders-reader', 'orders:read');
    assert.deepEqual([granted.code, granted.body.changed], [0, true]);
    const again = await json('roles', 'grant', 'orders-reader', 'orders:read');
    assert.deepEqual([again.code, again.body.changed], [0, false]);
    await run(['roles', 'grant', 'orders-writer', 'orders:read'], env);
    assert.equal(
      (await run(['roles', 'revoke', 'orders-writer', 'orders:read'], env)).stdout,
      'Role orders-writer no longer holds permission orders:read.\n',
    );
    assert.equal((await json('roles', 'revoke', 'orders-writer', 'orders:read')).body.changed, false);
  });

  it('are listed, roles with what they hold', async () => {
    const { body } = await json('roles', 'list');
    assert.equal(body.count, body.items.length);
    const reader = body.items.find(({ name }: Named) => name === 'orders-reader');
    assert.deepEqual(reader.permissions, ['orders:read']);
    const permissions = await json('permissions', 'list');
    assert.ok(permissions.body.items.some(({ name }: Named) => name === 'orders:read'));
    const { stdout } = await run(['roles', 'list'], env);
    assert.match(stdout, /^name\tpermissions\tdescription\n/);
    assert.match(stdout, /^orders-reader\torders:read\t-$/m);
  });

  it('are not deleted while in use, unless by force', async () => {
    const refused = await json('permissions', 'delete', 'orders:read');
    assert.deepEqual([refused.code, refused.body.code], [1, 'in_use']);
    assert.match(refused.body.remedy, /--force/);
    const forced = await json('permissions', 'delete', 'orders:read', '--force');
    assert.deepEqual([forced.code, forced.body], [0, { message: 'Deleted permission orders:read.' }]);
    assert.equal((await json('roles', 'delete', 'orders-writer')).code, 0);
  });

  it('say where to look for what is not there', async () => {
    const { code, stderr } = await run(['roles', 'grant', 'nobody', 'orders:read'], env);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: There is no role "nobody"\.\n.*roles list and auth-service permissions list\n$/,
    );
    assert.equal((await json('roles', 'delete', 'nobody')).body.code, 'not_found');
  });

  it('keep the admin role', async () => {
    assert.equal((await json('roles', 'delete', 'admin', '--force')).body.code, 'built_in');
  });
});
