import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type AdminApp, buildAdminApp } from './support/admin-app.ts';

const HOUR = 3600;

interface Secret {
  readonly id: string;
  readonly safe_to_remove: boolean;
  readonly last_used_at: string | null;
  readonly expires_at: string | null;
}

async function makeClient(app: AdminApp) {
  const made = (await app.admin('POST /clients', { body: { client_name: 'Rotating' } })).body;
  const id: string = made.client_id;
  const basicOf = (secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  return {
    path: `/clients/${id}/secrets` as const,
    first: basicOf(made.client_secret),
    async rotate(body: object = {}) {
      const answer = await app.admin(`POST /clients/${id}/secrets`, { body });
      return { ...answer, basic: basicOf(answer.body.client_secret) };
    },
    list: async () => (await app.admin(`GET /clients/${id}/secrets`)).body.items as Secret[],
  };
}

describeOnEachDatabase('secrets of a client', (open) => {
  it('two are good at a time, a third is refused with the ways out', async () => {
    await using app = await buildAdminApp(await open());
    const client = await makeClient(app);
    const second = await client.rotate();
    assert.equal(second.status, 201);
    assert.equal(second.headers['cache-control'], 'no-store');
    assert.ok(await app.tokenOf(client.first));
    assert.ok(await app.tokenOf(second.basic));
    const third = await client.rotate();
    assert.deepEqual([third.status, third.body.code], [409, 'in_use']);
    assert.match(third.body.detail, /Remove one of them, or send expires_previous_in: 0/);
    assert.equal((await client.rotate({ expires_previous_in: 60 })).status, 409);
    const clean = await client.rotate({ expires_previous_in: 0 });
    assert.equal(clean.status, 201);
    await assert.rejects(app.tokenOf(client.first), /invalid_client/);
    await assert.rejects(app.tokenOf(second.basic), /invalid_client/);
    assert.ok(await app.tokenOf(clean.basic));
    assert.equal((await client.list()).length, 1);
  });

  it('the one before ends when it was told to, not sooner and never later than it would', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await makeClient(app);
    const second = await client.rotate({ expires_previous_in: HOUR });
    database.clock.advance(HOUR - 1);
    assert.ok(await app.tokenOf(client.first));
    database.clock.advance(1);
    await assert.rejects(app.tokenOf(client.first), /invalid_client/);
    assert.ok(await app.tokenOf(second.basic));
    const third = await client.rotate({ expires_previous_in: 2 * HOUR });
    const [, old] = await client.list();
    assert.equal(third.status, 201);
    assert.equal(old?.expires_at, new Date(database.clock.now().getTime() + 2 * HOUR * 1000).toISOString());
    for (const seconds of [-1, 1.5, 7_776_001, '60', null]) {
      assert.equal((await client.rotate({ expires_previous_in: seconds })).status, 422, String(seconds));
    }
  });

  it('are removed one by one; the only way in stays unless forced', async () => {
    await using app = await buildAdminApp(await open());
    const client = await makeClient(app);
    const [only] = await client.list();
    const refused = await app.admin(`DELETE ${client.path}/${only?.id}`);
    assert.deepEqual([refused.status, refused.body.code], [409, 'in_use']);
    await client.rotate();
    assert.equal((await app.admin(`DELETE ${client.path}/${only?.id}`)).status, 200);
    await assert.rejects(app.tokenOf(client.first), /invalid_client/);
    assert.equal((await app.admin(`DELETE ${client.path}/${only?.id}`)).status, 404);
    const [left] = await client.list();
    assert.equal((await app.admin(`DELETE ${client.path}/${left?.id}?force=true`)).status, 200);
    assert.deepEqual(await client.list(), []);
  });

  it('of one client are not those of another', async () => {
    await using app = await buildAdminApp(await open());
    const [one, other] = [await makeClient(app), await makeClient(app)];
    await other.rotate();
    const [secret] = await other.list();
    assert.equal((await app.admin(`DELETE ${one.path}/${secret?.id}?force=true`)).status, 404);
    assert.equal((await other.list()).length, 2);
  });

  it('show when they were last used, to the minute, and which can go', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await makeClient(app);
    const second = await client.rotate();
    const shown = async () => {
      await app.oauth.flush();
      const [newer, older] = await client.list();
      return [newer, older].map((secret) => [secret?.last_used_at ?? null, secret?.safe_to_remove]);
    };
    assert.deepEqual(await shown(), [
      [null, false],
      [null, false],
    ]);
    await app.tokenOf(client.first);
    const at = database.clock.now().toISOString();
    database.clock.advance(59);
    await app.tokenOf(client.first);
    assert.deepEqual(await shown(), [
      [null, false],
      [at, false],
    ]);
    database.clock.advance(1);
    await app.tokenOf(client.first);
    const later = database.clock.now().toISOString();
    database.clock.advance(HOUR);
    await app.tokenOf(second.basic);
    assert.deepEqual(await shown(), [
      [database.clock.now().toISOString(), false],
      [later, false],
    ]);
    database.clock.advance(1);
    assert.deepEqual(
      (await shown()).map(([, isSafe]) => isSafe),
      [false, true],
    );
  });
});
