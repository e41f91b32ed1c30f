import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildAdministeredApp } from './support/actors.ts';
import { ADA } from './support/people-app.ts';

const SECRETS = ['first-horse-battery-staple', 'second-horse-battery-staple', 'Lovelace-Byron'];
const [FIRST = '', SECOND = '', NAME = ''] = SECRETS;

describeOnEachDatabase('what is done to a user', (open) => {
  it('is recorded by who did it, to whom and in which fields; never with a password, address or name', async () => {
    const database = await open({ fresh: true });
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator('boss@example.com');
    const attacker = await app.userAdministrator();
    const statuses: number[] = [];
    const act = async (on: string, body: unknown, by = admin) => {
      const answer = await app.manage(by, on, { body });
      statuses.push(answer.statusCode);
      assert.doesNotMatch(answer.body, /\$argon2/);
      return answer.json();
    };
    const made = await act('POST /users', { email: ADA, password: FIRST, last_name: NAME });
    const one = `/users/${made.user_id}`;
    await act('POST /users', { email: ADA, password: SECOND });
    await act('POST /users', { email: 'b@example.com', password: FIRST, [SECOND]: 1 });
    await act('POST /users', { email: FIRST, password: 7 });
    await act('POST /users', { email: 'b@example.com', password: 'b@example.com' });
    await act(`PATCH ${one}`, { password: SECOND, email: 'c@example.com', email_confirmed: false });
    await act(`PATCH /users/${admin.id}`, { password: SECOND, email: 'd@example.com' }, attacker);
    await act(`POST ${one}/ban`, { ban_duration: SECOND });
    await act(`POST ${one}/ban`, { ban_duration: '1h' });
    await act(`GET /users?q=${SECOND}`, undefined);
    await act(`GET ${one}/sessions`, undefined);
    await act(`DELETE ${one}`, undefined);
    await database.query('alter table auth_service_identity.users rename column password_hash to lost');
    await act('POST /users', { email: 'e@example.com', password: SECOND, last_name: NAME });
    assert.deepEqual(statuses, [201, 409, 422, 422, 422, 200, 403, 422, 200, 200, 200, 200, 500]);

    await app.audit.flush();
    const events = await database.storage.auditEvents.list({ limit: 1000 });
    const ofAda = events.filter(({ subjectId }) => subjectId === made.user_id).reverse();
    assert.deepEqual(
      ofAda.map(({ action, actorType, actorId, detail }) => [action, actorType, actorId, detail]),
      [
        ['user.created', 'user', admin.id, { roles: ['user'] }],
        [
          'user.updated',
          'user',
          admin.id,
          { fields: ['email', 'password', 'email_confirmed'], ended_sessions: 0 },
        ],
        [
          'user.banned',
          'user',
          admin.id,
          { until: made.created_at.replace('T12', 'T13'), ended_sessions: 0 },
        ],
        ['user.deleted', 'user', admin.id, {}],
      ],
    );
    const places = {
      requests: app.logText(),
      rooms: JSON.stringify(database.logger.lines),
      audited: JSON.stringify(events),
    };
    assert.match(places.requests, /"status":500/);
    for (const [place, text] of Object.entries(places)) {
      for (const secret of SECRETS) assert.ok(!text.includes(secret), `${secret} in ${place}`);
      assert.doesNotMatch(text, /@example\.com|\$argon2/, place);
    }
  });
});
