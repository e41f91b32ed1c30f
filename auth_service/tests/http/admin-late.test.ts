import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN, type AdminApp, buildAdminApp, type Somebody } from './support/admin-app.ts';
import { listen } from './support/raw-connection.ts';

const BODY = JSON.stringify({ client_name: 'Back door', assigned_roles: ['admin'] });

/** A request whose headers and first bytes have arrived, so that its sender was let in; the rest comes later. */
async function begin(app: AdminApp, port: number, token: string): Promise<ClientRequest> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(BODY),
  };
  const slow = request({ port, method: 'POST', path: `${ADMIN}/clients`, headers });
  app.database.statements.length = 0;
  slow.write(BODY.slice(0, 10));
  // Who it is has been asked; what comes after on another connection is asked after that.
  while (!app.database.statements.some((sql) => sql.includes('sessions'))) await sleep(5);
  for (let count = 0; count < 5; count += 1) await app.admin('GET /keys');
  return slow;
}

async function finish(slow: ClientRequest): Promise<{ status: number; code: string }> {
  slow.end(BODY.slice(10));
  const [answer] = (await once(slow, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode ?? 0, code: JSON.parse(text).code };
}

describeOnEachDatabase('who loses their rights while their request is under way', (open) => {
  const ways: Record<string, (app: AdminApp, who: Somebody) => Promise<unknown>> = {
    'a role taken away': async (app, { id }) => {
      const { items } = (await app.admin(`GET /users/${id}/roles`)).body;
      for (const { role_id } of items) await app.admin(`DELETE /users/${id}/roles/${role_id}`);
    },
    'a ban': (app, { id }) => app.admin(`POST /users/${id}/ban`),
    'the end of the session': (app, { id }) => app.admin(`POST /users/${id}/logout`),
    deactivation: (app, { id }) => app.admin(`PATCH /users/${id}`, { body: { is_active: false } }),
    deletion: (app, { id }) => app.admin(`DELETE /users/${id}`),
  };
  for (const [name, lose] of Object.entries(ways)) {
    it(`cannot finish it: ${name}`, async () => {
      await using app = await buildAdminApp(await open());
      const victim = await app.personHolding('role:admin_manage');
      const { port } = await listen(app.app);
      const slow = await begin(app, port, victim.token);
      await lose(app, victim);
      const { status, code } = await finish(slow);
      assert.deepEqual([status, code], [403, 'insufficient_permission']);
      assert.equal((await app.admin('GET /clients?q=Back')).body.count, 0);
    });
  }

  it('cannot finish it: a client whose rights the cache still knows', async () => {
    await using app = await buildAdminApp(await open());
    const victim = await app.clientHolding('role:admin_manage');
    const body = { client_name: 'Back door', assigned_roles: ['admin'] };
    assert.equal((await app.admin('GET /keys', { token: victim.token })).status, 200);
    const { items } = (await app.admin(`GET /clients/${victim.id}/roles`)).body;
    await app.admin(`DELETE /clients/${victim.id}/roles/${items[0].role_id}`);
    const answer = await app.admin('POST /clients', { token: victim.token, body });
    assert.deepEqual([answer.status, answer.body.code], [403, 'insufficient_permission']);
    await app.admin(`PATCH /clients/${victim.id}`, { body: { is_active: false } });
    const again = await app.admin('POST /clients', { token: victim.token, body });
    assert.equal(again.status === 403 || again.status === 401, true);
  });

  it('who keeps them finishes it', async () => {
    await using app = await buildAdminApp(await open());
    const person = await app.personHolding('role:admin_manage');
    const { port } = await listen(app.app);
    const slow = await begin(app, port, person.token);
    const { status } = await finish(slow);
    assert.equal(status, 201);
  });
});
