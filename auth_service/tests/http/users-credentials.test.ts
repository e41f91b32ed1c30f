import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type AdministeredApp, buildAdministeredApp, verdict } from './support/actors.ts';
import { ADA, PASSWORD } from './support/people-app.ts';

const NEW = 'new-horse-battery-staple';
const TOO_MUCH = '403 exceeds_own_rights';
const OWN = '403 own_credentials';

/** What a request is answered, and the hashes that were worked out for it. */
async function costOf(app: AdministeredApp, ...[actor, on, body]: [{ token: string }, string, object]) {
  const before = app.people.hashCount();
  const told = verdict(await app.manage(actor, on, { body }));
  return [told, app.people.hashCount() - before];
}

describeOnEachDatabase('a password set by who may not', (open) => {
  it('tells nothing of whom it is set for, and costs no hash, whatever the password', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator('the-boss@example.com');
    for (const attacker of [await app.userAdministrator(), await app.machine(['users:write'])]) {
      for (const password of [admin.email, 'the-boss', 'short', 'password123', NEW]) {
        const cost = await costOf(app, attacker, `PATCH /users/${admin.id}`, { password });
        assert.deepEqual(cost, [TOO_MUCH, 0], password);
      }
    }
    const fine = await app.person();
    const cost = await costOf(app, admin, `PATCH /users/${fine.id}`, { password: NEW });
    assert.deepEqual(cost, ['200', 1]);
  });

  it('is not looked at for a newcomer who is to hold too much, or a role that is none', async () => {
    await using app = await buildAdministeredApp(await open());
    const attacker = await app.userAdministrator();
    const make = (password: string, ...assigned_roles: string[]) =>
      costOf(app, attacker, 'POST /users', { email: ADA, password, assigned_roles });
    for (const password of [ADA, 'short', NEW]) {
      assert.deepEqual(await make(password, 'admin'), [TOO_MUCH, 0], password);
      assert.deepEqual(await make(password, 'service', 'nobody-made-it'), ['422 validation_failed', 0]);
    }
    // What newcomers get counts as well, for a machine that does not hold it.
    await app.rbac.grantPermission({ type: 'system', id: null }, 'user', 'audit:read');
    const machine = await app.machine(['users:write']);
    const body = { email: ADA, password: ADA };
    assert.deepEqual(await costOf(app, machine, 'POST /users', body), [TOO_MUCH, 0]);
    assert.deepEqual(await make(ADA, 'service'), ['422 weak_password', 0]);
    assert.deepEqual(await make(NEW, 'service'), ['201', 1]);
  });
});

describeOnEachDatabase('the own password and e-mail', (open) => {
  it('are not changed by a stolen access token, whatever it may administer, nor in capitals', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    for (const self of [await app.administrator(), await app.userAdministrator()]) {
      const kept = await database.storage.accounts.findPerson(self.id);
      for (const id of [self.id, self.id.toUpperCase()]) {
        for (const body of [
          { password: NEW },
          { password: self.email },
          { email: 'eve@example.com' },
          { first_name: 'Eve', email: 'eve@example.com', password: NEW },
        ]) {
          assert.deepEqual(await costOf(app, self, `PATCH /users/${id}`, body), [OWN, 0]);
        }
      }
      const answer = await app.manage(self, `PATCH /users/${self.id}`, { body: { password: NEW } });
      assert.match(answer.json().detail, /PUT \/auth\/users\/password\/update/);
      assert.deepEqual(await database.storage.accounts.findPerson(self.id), kept);
      await app.logIn(self.email);
      await app.audit.flush();
      const told = await database.storage.auditEvents.list({ actorId: self.id, limit: 1000 });
      const refused = told.filter(({ action }) => action === 'access.refused');
      assert.equal(refused.length, 1, 'of one kind in a minute');
      assert.ok(refused.every(({ detail }) => detail.reason === 'own_credentials'));
    }
  });

  it('may be repeated as they are beside what does change', async () => {
    await using app = await buildAdministeredApp(await open());
    const self = await app.userAdministrator();
    const body = { email: self.email.toUpperCase(), first_name: 'Ada', email_confirmed: true };
    assert.deepEqual(await costOf(app, self, `PATCH /users/${self.id}`, body), ['200', 0]);
  });

  it('are changed by others who may: another administrator, and a machine', async () => {
    await using app = await buildAdministeredApp(await open());
    const [admin, other] = [await app.administrator(), await app.administrator(ADA)];
    const machine = await app.machine(['role:admin_manage']);
    for (const [actor, password] of [
      [admin, NEW],
      [machine, PASSWORD],
    ] as const) {
      const cost = await costOf(app, actor, `PATCH /users/${other.id}`, { password });
      assert.deepEqual(cost, ['200', 1]);
      await app.logIn(ADA, password);
    }
    const moved = { email: 'countess@example.com' };
    assert.deepEqual(await costOf(app, admin, `PATCH /users/${other.id}`, moved), ['200', 0]);
  });
});
