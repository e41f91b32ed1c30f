import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type Actor, type AdministeredApp, buildAdministeredApp, verdict } from './support/actors.ts';
import { ADA, PASSWORD } from './support/people-app.ts';

const NEW = 'new-horse-battery-staple';
const TOO_MUCH = '403 exceeds_own_rights';

/** Those of the ways below. */
const OPERATIONS = [
  'updateUser',
  'banUser',
  'unbanUser',
  'logOutUser',
  'grantUserRole',
  'revokeUserRole',
  'deleteUser',
];

type Attack = readonly [on: string, body?: object];

/** All that can be done to a person. */
function waysAgainst(id: string): Attack[] {
  return [
    [`PATCH /users/${id}`, { email: 'eve@example.com' }],
    [`PATCH /users/${id}`, { password: NEW }],
    [`PATCH /users/${id}`, { username: 'eve' }],
    [`PATCH /users/${id}`, { first_name: 'Eve' }],
    [`PATCH /users/${id}`, { last_name: null }],
    [`PATCH /users/${id}`, { is_active: false }],
    [`PATCH /users/${id}`, { is_active: true }],
    [`PATCH /users/${id}`, { email_confirmed: false }],
    [`PATCH /users/${id}`, {}],
    [`POST /users/${id}/ban`, { ban_duration: '1s' }],
    [`POST /users/${id}/unban`],
    [`POST /users/${id}/logout`],
    [`POST /users/${id}/roles`, { role: 'user' }],
    [`DELETE /users/${id}/roles/admin`],
    [`DELETE /users/${id}`],
  ];
}

/** What is kept of somebody, but for what a log-in changes. */
async function kept(app: AdministeredApp, id: string): Promise<unknown> {
  const { storage } = app.database;
  const { account, identities } = (await storage.accounts.findPerson(id)) ?? {};
  return {
    account,
    identities,
    entry: await storage.directory.find(id),
    sessions: await storage.sessions.list(id),
  };
}

describeOnEachDatabase('who administers users, and no more', (open) => {
  it('changes nothing of an administrator, in no way, as a person or as a machine', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const before = await kept(app, admin.id);
    const attackers = [await app.userAdministrator(), await app.machine(['users:read', 'users:write'])];
    for (const attacker of attackers) {
      for (const [on, body] of waysAgainst(admin.id)) {
        const answer = await app.manage(attacker, on, body === undefined ? {} : { body });
        assert.equal(verdict(answer), TOO_MUCH, `${on} ${JSON.stringify(body)}`);
      }
    }
    assert.deepEqual(await kept(app, admin.id), before);
    assert.equal((await app.ask('GET /me', { token: admin.token })).statusCode, 200);
    await app.audit.flush();
    const refused = await database.storage.auditEvents.list({ action: 'access.refused', limit: 100 });
    // One a minute of each operation.
    assert.deepEqual(
      refused.map(({ actorId, subjectId, detail }) => `${actorId} ${subjectId} ${detail.operation}`).sort(),
      attackers.flatMap(({ id }) => OPERATIONS.map((operation) => `${id} ${admin.id} ${operation}`)).sort(),
    );
    assert.ok(refused.every(({ outcome }) => outcome === 'failure'));
  });

  it('changes nothing of who was an administrator and can be again: deactivated, banned, unconfirmed', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const attacker = await app.userAdministrator();
    const asleep: Attack[] = [
      ['PATCH', { is_active: false }],
      ['PATCH', { email_confirmed: false }],
      ['POST', { ban_duration: '24h' }],
    ];
    for (const [method, body = {}] of asleep) {
      const { id } = await app.administrator();
      const on = `${method} /users/${id}${method === 'POST' ? '/ban' : ''}`;
      assert.equal((await app.manage(admin, on, { body })).statusCode, 200);
      for (const [way, what] of waysAgainst(id)) {
        const answer = await app.manage(attacker, way, what === undefined ? {} : { body: what });
        assert.equal(verdict(answer), TOO_MUCH, `${way} ${JSON.stringify(what)}`);
      }
    }
  });

  it('changes nobody who holds one permission more than they do', async () => {
    await using app = await buildAdministeredApp(await open());
    const attacker = await app.userAdministrator();
    const reader = await app.person(['audit:read']);
    for (const [on, body] of waysAgainst(reader.id).filter(([on]) => !on.includes('/roles'))) {
      const answer = await app.manage(attacker, on, body === undefined ? {} : { body });
      assert.equal(verdict(answer), TOO_MUCH, on);
      assert.match(answer.json().detail, /audit:read/);
    }
    const equal = await app.userAdministrator();
    const fine = await app.manage(attacker, `PATCH /users/${equal.id}`, { body: { first_name: 'Eve' } });
    assert.equal(fine.statusCode, 200, 'who holds the same may be changed');
  });

  it('makes nobody who holds more than they do, themselves included', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const attacker = await app.userAdministrator();
    const made = async (...assigned_roles: string[]) => {
      const body = { email: `made-${assigned_roles.join('-')}@example.com`, password: NEW, assigned_roles };
      return verdict(await app.manage(attacker, 'POST /users', { body }));
    };
    assert.equal(await made('admin'), TOO_MUCH);
    assert.equal(await made('service', 'admin'), TOO_MUCH);
    assert.equal(await made('service'), '201');
    assert.equal(await made('ADMIN'), '422 validation_failed');
    assert.equal(await made('service', 'nobody-made-it'), '422 validation_failed');
    assert.equal(await database.storage.accounts.findPersonByEmail('made-admin@example.com'), null);
    const give = { body: { role: 'admin' } };
    const accomplice = await app.person();
    for (const { id } of [attacker, accomplice]) {
      assert.equal(verdict(await app.manage(attacker, `POST /users/${id}/roles`, give)), TOO_MUCH);
    }
    // What newcomers get counts as well.
    await app.rbac.grantPermission({ type: 'system', id: null }, 'user', 'audit:read');
    assert.equal(await made(), '201', 'they hold it themselves, by the role of newcomers');
    const machine = await app.machine(['users:write']);
    const body = { email: 'newcomer@example.com' };
    assert.equal(verdict(await app.manage(machine, 'POST /users', { body })), TOO_MUCH);
  });

  it('says of nobody that an address is theirs: the first administrator is not made of it', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const [admin, attacker] = [await app.administrator(), await app.userAdministrator()];
    const proofOf = async (id: string) =>
      (await database.storage.accounts.findPerson(id))?.account.emailProvedAt ?? null;
    const make = async (by: Actor, email: string) => {
      const body = { email, password: NEW, email_confirmed: true };
      return (await app.manage(by, 'POST /users', { body })).json().user_id as string;
    };
    const change = async (by: Actor, id: string, body: object) => {
      const answer = await app.manage(by, `PATCH /users/${id}`, { body });
      assert.equal(answer.statusCode, 200, answer.body);
      return await proofOf(id);
    };
    assert.equal(await proofOf(await make(attacker, 'boss@example.com')), null);
    const id = await make(admin, 'owner@example.com');
    const now = database.clock.now();
    assert.deepEqual(await proofOf(id), now);
    assert.deepEqual(await change(attacker, id, { first_name: 'Eve' }), now);
    assert.equal(await change(attacker, id, { email: 'eve@example.com' }), null);
    assert.deepEqual(await change(admin, id, { email: 'owner@example.com' }), now);
    assert.deepEqual(await change(admin, id, { password: `${NEW} 2` }), now);
    assert.equal(await change(attacker, id, { password: NEW }), null, 'who chose the password holds it now');
    assert.deepEqual(await change(admin, id, { email: 'other@example.com' }), now);
    assert.equal(await change(attacker, id, { email_confirmed: false }), null);
    assert.equal(await change(attacker, id, { email_confirmed: true }), null);
    assert.equal(await change(admin, id, { email_confirmed: false }), null);
    assert.deepEqual(await change(admin, id, { email_confirmed: true }), now);
  });

  it('changes themselves by the same rules', async () => {
    await using app = await buildAdministeredApp(await open());
    const [admin, eve] = [await app.administrator(), await app.userAdministrator()];
    for (const { id, token } of [admin, eve]) {
      const answer = await app.manage({ token }, `PATCH /users/${id}`, { body: { first_name: 'Eve' } });
      assert.equal(answer.statusCode, 200, answer.body);
    }
    assert.equal((await app.manage(eve, `DELETE /users/${eve.id}`)).statusCode, 200);
    assert.equal(verdict(await app.manage(eve, 'GET /users')), '401 invalid_token');
  });

  it('acts no more from the moment the right is gone', async () => {
    await using app = await buildAdministeredApp(await open());
    const [admin, eve, ada] = [await app.administrator(), await app.userAdministrator(), await app.person()];
    const rename = async () =>
      verdict(await app.manage(eve, `PATCH /users/${ada.id}`, { body: { first_name: 'Eve' } }));
    assert.equal(await rename(), '200');
    const roles = (await app.manage(admin, `GET /users/${eve.id}/roles`)).json().items;
    const held = roles.find(({ role }: { role: string }) => role.startsWith('holds-'));
    assert.equal((await app.manage(admin, `DELETE /users/${eve.id}/roles/${held.role}`)).statusCode, 200);
    assert.equal(await rename(), '403 insufficient_permission');
  });

  it('finds an address that is taken whatever its case, and a name', async () => {
    await using app = await buildAdministeredApp(await open());
    const eve = await app.userAdministrator();
    const ada = await app.person([], ADA);
    await app.manage(eve, `PATCH /users/${ada.id}`, { body: { username: 'ada' } });
    const { id } = await app.person();
    const before = await kept(app, id);
    for (const [on, extra] of [
      ['POST /users', { password: PASSWORD }],
      [`PATCH /users/${id}`, {}],
    ] as const) {
      const attempt = async (body: object) =>
        verdict(await app.manage(eve, on, { body: { ...extra, ...body } }));
      assert.equal(await attempt({ email: 'ADA@Example.com' }), '409 email_exists');
      assert.equal(await attempt({ email: 'free@example.com', username: 'ADA' }), '409 username_taken');
    }
    assert.deepEqual(await kept(app, id), before);
    assert.equal(await app.database.storage.accounts.findPersonByEmail('free@example.com'), null);
  });
});
