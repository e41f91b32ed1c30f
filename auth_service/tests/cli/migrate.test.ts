import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BIN, start } from './child-process.ts';
import { run } from './command-line.ts';
import { describeOnEachEnvironment } from './environments.ts';

describeOnEachEnvironment('migrate and bootstrap', (open) => {
  it('lead from an empty database to one that works', async () => {
    const env = { ...(await open({ migrated: false })), MIGRATE_ON_START: 'false' };
    const status = async () => JSON.parse((await run(['migrate', 'status', '--json'], env)).stdout);

    const before = await status();
    assert.deepEqual([before.state, before.database_version], ['behind', 0]);
    assert.equal(before.migrations[0].applied_at, null);

    const early = await run(['roles', 'list'], env);
    assert.deepEqual([early.code, early.stdout], [1, '']);
    assert.match(early.stderr, /^error: The database schema is behind.*\n.*auth-service migrate up\n$/);

    const up = await run(['migrate', 'up', '--json'], env);
    const { applied, state, database_version } = JSON.parse(up.stdout);
    assert.deepEqual([up.code, state, applied.at(-1)], [0, 'current', database_version]);
    assert.match(
      (await run(['migrate', 'up'], env)).stdout,
      /^Nothing to do: the schema is at version \d+\.\n$/,
    );

    const after = await status();
    assert.deepEqual([after.state, after.database_version], ['current', after.expected_version]);
    assert.match(after.migrations[0].applied_at, /Z$/);
    assert.match((await run(['migrate', 'status'], env)).stdout, /^0001\t\w+\t\S+Z\tapplied$/m);

    const without = await run(['bootstrap'], env);
    assert.equal(without.code, 0);
    assert.match(
      without.stdout,
      /There is no administrator yet: set INITIAL_ADMIN_EMAIL and INITIAL_ADMIN_PASSWORD/,
    );
    const first = { INITIAL_ADMIN_EMAIL: 'a@example.com', INITIAL_ADMIN_PASSWORD: 'correct horse battery' };
    const made = JSON.parse((await run(['bootstrap', '--json'], { ...env, ...first })).stdout);
    assert.equal(made.has_administrator, true);
    assert.match((await run(['bootstrap'], env)).stdout, /There is an administrator\.\n$/);
    assert.match((await run(['roles', 'list'], env)).stdout, /^admin\t/m);
  });

  it('happen by themselves where MIGRATE_ON_START is on', async () => {
    const env = { ...(await open({ migrated: false })), MIGRATE_ON_START: 'true' };
    assert.equal((await run(['roles', 'list'], env)).code, 0);
  });

  it('go on when the reader of their result has gone', async (t) => {
    const env = await open();
    const line = '{ "$0" "$1" roles list; echo "exit $?" >&2; } | { exec 0<&-; sleep 0.1; }';
    const { stderr } = await start(t, ['sh', '-c', line, process.execPath, BIN], { env }).exit;
    assert.equal(stderr, 'exit 0\n');
  });
});
