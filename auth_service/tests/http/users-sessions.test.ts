import assert from 'node:assert/strict';
import { it } from 'node:test';
import { minutesAfter } from '../storage/builders.ts';
import { aSession } from '../storage/people-builders.ts';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { buildAdministeredApp, verdict } from './support/actors.ts';
import { ADA } from './support/people-app.ts';

/** Beside those they have; the newest first. */
async function storeSessions({ storage }: TestDatabase, userId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let minute = 1; minute <= count; minute += 1) {
    const session = aSession(userId, { createdAt: minutesAfter(TEST_EPOCH, minute) });
    await storage.sessions.insert(session);
    ids.unshift(session.id);
  }
  return ids;
}

describeOnEachDatabase('the sessions of a user, over HTTP', (open) => {
  it('come in pages, newest first, with one or two statements', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const ada = await app.person([], ADA);
    const ids = await storeSessions(database, ada.id, 54);
    const list = async (query: string, of = ada.id) => {
      database.statements.length = 0;
      const answer = await app.manage(admin, `GET /users/${of}/sessions${query}`);
      assert.equal(answer.statusCode, 200, answer.body);
      // The first one is of who asks.
      const statements = database.statements.length - 1;
      assert.ok(statements >= 1 && statements <= 2, `${statements} statements`);
      const { items, count } = answer.json();
      return [items.map(({ id }: { id: string }) => id), count];
    };
    assert.deepEqual(await list(''), [ids.slice(0, 50), 55]);
    assert.deepEqual(await list('?limit=2'), [ids.slice(0, 2), 55]);
    assert.deepEqual(await list('?limit=2&offset=2'), [ids.slice(2, 4), 55]);
    assert.equal((await list('?limit=200'))[0].length, 55);
    assert.deepEqual(await list('?offset=55'), [[], 55]);
    assert.deepEqual(await list('?offset=2147483647'), [[], 55]);
    await app.manage(admin, `POST /users/${ada.id}/logout`);
    assert.deepEqual(await list(''), [[], 0]);
    assert.deepEqual(await list('?offset=5'), [[], 0]);
  });

  it('are neither searched nor sorted, and a page that cannot be is refused', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const wrong = {
      limit: ['limit=0', 'limit=201', 'limit=-1', 'limit=x', 'limit=1&limit=2'],
      offset: ['offset=-1', 'offset=2147483648', 'offset=x'],
      q: ['q=curl', 'q='],
      sort: ['sort=created_at', 'sort='],
      page: ['page=2'],
    };
    for (const [field, queries] of Object.entries(wrong)) {
      for (const query of queries) {
        const answer = await app.manage(admin, `GET /users/${admin.id}/sessions?${query}`);
        assert.equal(verdict(answer), '422 validation_failed', query);
        const [fault, ...others] = answer.json().errors;
        assert.deepEqual([fault.field, others], [field, []], query);
      }
    }
  });

  it('that ended are counted in the audit, and named as far as a row has room', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const ada = await app.person([], ADA);
    const eventsOf = async () => {
      await app.audit.flush();
      const events = await database.storage.auditEvents.list({ action: 'user.logged_out', limit: 9 });
      return events.map(({ detail }) => detail);
    };
    await storeSessions(database, ada.id, 29);
    const answer = await app.manage(admin, `POST /users/${ada.id}/logout`);
    assert.deepEqual(answer.json(), { message: '30 sessions have ended.' });
    const { access_token: token } = await app.logIn(ADA);
    await storeSessions(database, ada.id, 3);
    for (const scope of ['others', 'global']) {
      await app.ask('POST /logout', { token, body: { scope } });
      await storeSessions(database, ada.id, 21);
    }
    const told = (await eventsOf()).reverse();
    assert.deepEqual(
      told.map(({ scope, ended_sessions, sessions }) => [
        scope,
        ended_sessions,
        (sessions as string[]).length,
      ]),
      [
        ['global', 30, 20],
        ['others', 3, 3],
        ['global', 22, 20],
      ],
    );
  });
});
