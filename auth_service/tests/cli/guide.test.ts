import assert from 'node:assert/strict';
import { it } from 'node:test';
import { freePort, startCli } from './child-process.ts';
import { describeOn } from './environments.ts';
import { filledIn } from './guide-environment.ts';

describeOn('postgres', "the guide's environment file with its values replaced", (open) => {
  it('starts, and is ready once migrated', async (t) => {
    const { DATABASE_URL = '' } = await open({ migrated: false });
    const env = { ...filledIn(DATABASE_URL), HOST: '127.0.0.1', PORT: String(await freePort()) };
    const server = startCli(t, ['serve'], { env });
    await server.says(/"level":"WARNING".*Not ready: .*auth-service migrate up/);
    const [, url] = await server.says(/"message":"Listening","url":"([^"]+)"/);
    assert.equal((await fetch(`${url}/health/live`)).status, 200);
    assert.equal((await fetch(`${url}/health/ready`)).status, 503);

    const migrated = await startCli(t, ['migrate', 'up'], { env }).exit;
    assert.equal(migrated.code, 0, migrated.stderr);
    await server.says(/"message":"Ready"/);
    assert.equal((await fetch(`${url}/health/ready`)).status, 200);
    const created = await startCli(t, ['clients', 'create', '--name', 'Orders', '--json'], { env }).exit;
    assert.deepEqual([created.code, created.stderr], [0, '']);
    const { client_id, client_secret } = JSON.parse(created.stdout);
    const response = await fetch(`${url}/api/v1/auth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
    });
    assert.equal(response.status, 200);

    server.kill('SIGTERM');
    const { code, stdout } = await server.exit;
    assert.equal(code, 0);
    const warnings = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ level, logger }) => level === 'WARNING' && logger === 'config');
    assert.deepEqual(warnings.map(({ variable }) => variable).sort(), ['PUBLIC_URL', 'REDIS_URL']);
  });
});
