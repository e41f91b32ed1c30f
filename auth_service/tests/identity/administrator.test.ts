import assert from 'node:assert/strict';
import { beforeEach, it } from 'node:test';
import { isServiceError } from '#errors';
import { bootstrapAdministrator } from '#identity';
import type { Authority } from '#rbac';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { buildIdentity, type TestIdentity } from './build-identity.ts';
import { DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';

const SYSTEM: Authority = { type: 'system', id: null };
const ADMINISTRATOR = { email: 'Admin@Example.com', password: 'a password from the environment' };

describeOnEachDatabase('the first administrator', (open) => {
  let database: TestDatabase;
  let identity: TestIdentity;

  beforeEach(async () => {
    database = await open();
    identity = await buildIdentity(database);
  });

  const bootstrap = ({ provider, storage, audit }: TestIdentity = identity, credentials = ADMINISTRATOR) =>
    bootstrapAdministrator({ provider, storage, audit, now: database.clock.now }, credentials);

  const rolesOf = async (userId: string) =>
    (await identity.storage.userRoles.list(userId)).map(({ name }) => name);

  const bootstraps = async () =>
    (await identity.auditEvents())
      .filter(({ action }) => action === 'admin.bootstrapped')
      .map(({ actorType, subjectId, detail }) => ({ actorType, subjectId, detail }));

  async function makeAdministrator(userId: string): Promise<void> {
    const role = await identity.storage.roles.findByName('admin');
    assert.ok(role !== null);
    await identity.storage.userRoles.add({ userId, roleId: role.id, assignedAt: new Date(0) });
  }

  /** As a mailed link does, once it is followed. */
  async function prove(userId: string): Promise<void> {
    const at = database.clock.now();
    await identity.storage.accounts.update(userId, { emailProvedAt: at, updatedAt: at });
  }

  it('is made of the environment: confirmed, never signed in, and with every permission', async () => {
    assert.deepEqual(await bootstrap(), { created: true });
    const person = await identity.storage.accounts.findPersonByEmail('admin@example.com');
    assert.deepEqual(person?.account.emailConfirmedAt, database.clock.now());
    assert.equal(person?.account.lastSignInAt, null);
    const { user, access_token } = await identity.people.login(ADMINISTRATOR, DEVICE);
    const { roles, permissions } = await identity.people.verify(access_token);
    assert.deepEqual(roles, ['admin', 'user']);
    assert.ok(permissions.includes('role:admin_manage') && permissions.includes('users:write'));
    assert.deepEqual(await bootstraps(), [
      { actorType: 'system', subjectId: user.id, detail: { created: true } },
    ]);
  });

  it('is made once, by processes that start at once', async () => {
    const other = await buildIdentity(database, { storage: await database.openAnother() });
    const answers = await Promise.all([identity, other, identity, other].map((one) => bootstrap(one)));
    assert.equal(answers.filter(({ created }) => created).length, 1);
    assert.equal((await bootstraps()).length, 1);
    const { user } = await identity.people.login(ADMINISTRATOR, DEVICE);
    assert.deepEqual(await rolesOf(user.id), ['admin', 'user']);
    await other.close();
  });

  it('is left alone while there is one, whatever the environment says', async () => {
    const { userId } = await newPerson(identity);
    await makeAdministrator(userId);
    assert.deepEqual(await bootstrap(), { created: false });
    await assert.rejects(identity.people.login(ADMINISTRATOR, DEVICE), refusal('invalid_credentials'));
    assert.deepEqual(await bootstrap(identity, { ...ADMINISTRATOR, email: 'no address' }), {
      created: false,
    });
    assert.deepEqual(await bootstraps(), []);
  });

  it('is whoever has the address already: with the password they have, and the sessions', async () => {
    const known = await newPerson(identity, { email: 'admin@example.com', username: 'ada' });
    await prove(known.userId);
    assert.deepEqual(await bootstrap(), { created: false });
    await assert.rejects(identity.people.login(ADMINISTRATOR, DEVICE), refusal('invalid_credentials'));
    const { bearer } = await signInAs(identity, { email: known.email, password: PASSWORD });
    assert.deepEqual(bearer.principal.roles, ['admin', 'user']);
    assert.equal((await identity.people.profile(bearer.principal)).username, 'ada');
    assert.deepEqual((await identity.people.verify(known.session.access_token)).roles, ['admin', 'user']);
    assert.deepEqual(await bootstraps(), [
      { actorType: 'system', subjectId: known.userId, detail: { created: false } },
    ]);
    assert.deepEqual(await bootstrap(), { created: false });
    assert.equal((await bootstraps()).length, 1);
  });

  it('gets a profile where the account has none', async () => {
    const known = await newPerson(identity, { email: 'admin@example.com' });
    await prove(known.userId);
    await identity.storage.profiles.delete(known.userId);
    await bootstrap();
    assert.deepEqual(await rolesOf(known.userId), ['admin', 'user']);
  });

  it('is not whoever was first to register the address without proving it', async () => {
    const waiting = await buildIdentity(database, { confirmsAutomatically: false });
    const squatter = { email: 'admin@example.com', password: PASSWORD };
    await waiting.people.register(squatter, DEVICE);
    await assert.rejects(
      bootstrap(),
      (error) =>
        isServiceError(error, 'administrator_unconfirmed') && /INITIAL_ADMIN_EMAIL/.test(error.message),
    );
    const account = (await identity.storage.accounts.findPersonByEmail(squatter.email))?.account;
    assert.equal(account?.emailConfirmedAt, null);
    assert.deepEqual(await rolesOf(account?.id ?? ''), ['user']);
    assert.deepEqual(await bootstraps(), []);
    // Nor does it help the squatter to hold the role, as long as the address is not proved.
    await makeAdministrator(account?.id ?? '');
    assert.deepEqual(await bootstrap(identity, { ...ADMINISTRATOR, email: 'other@example.com' }), {
      created: true,
    });
    await waiting.close();
  });

  it('is not whoever registered the address where accounts confirm themselves', async () => {
    const squatter = await newPerson(identity, { email: 'admin@example.com' });
    await assert.rejects(bootstrap(), refusal('administrator_unconfirmed'));
    assert.deepEqual(await rolesOf(squatter.userId), ['user']);
    assert.deepEqual(await bootstraps(), []);
  });

  it('cannot leave as the last one; of the last two who leave at once one stays', async () => {
    await bootstrap();
    const admin = (await signInAs(identity, { ...ADMINISTRATOR })).bearer;
    await assert.rejects(identity.people.deleteAccount(admin), refusal('last_administrator'));
    assert.equal((await identity.people.profile(admin.principal)).email, 'admin@example.com');
    const second = await newPerson(identity, { email: 'second@example.com' });
    await makeAdministrator(second.userId);
    const other = (await signInAs(identity, { email: 'second@example.com', password: PASSWORD })).bearer;
    const answers = await Promise.allSettled([admin, other].map((one) => identity.people.deleteAccount(one)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(await identity.storage.userRoles.isHeld('admin', new Date()), true);
  });

  it('is made again when the last one was deactivated, who is not activated for it', async () => {
    await bootstrap();
    const { user } = await identity.people.login(ADMINISTRATOR, DEVICE);
    await identity.deactivate(user.id);
    await assert.rejects(
      bootstrap(),
      (error) => isServiceError(error, 'administrator_unconfirmed') && /deactivated/.test(error.message),
    );
    const successor = { email: 'successor@example.com', password: PASSWORD };
    assert.deepEqual(await bootstrap(identity, successor), { created: true });
    const { bearer } = await signInAs(identity, successor);
    assert.ok(bearer.principal.roles.includes('admin'));
    assert.equal((await identity.storage.profiles.find(user.id))?.isActive, false);
  });

  it('is made where only such people hold the role as nobody can log in as', async () => {
    const role = { roles: ['admin'], isConfirmed: true };
    const { userId } = await identity.users.create(SYSTEM, { email: 'nobody@example.com', ...role });
    assert.deepEqual(await bootstrap(), { created: true });
    await identity.people.login(ADMINISTRATOR, DEVICE);
    assert.deepEqual(await rolesOf(userId), ['admin', 'user']);
    assert.deepEqual(await bootstrap(), { created: false });
    assert.equal((await bootstraps()).length, 1);
  });

  it('is not made of an account that nobody can log in to, which is told with what to do', async () => {
    const email = 'admin@example.com';
    const given = { email, roles: ['admin'], isConfirmed: true };
    const { userId } = await identity.users.create(SYSTEM, given);
    const isTold = (error: unknown) =>
      isServiceError(error, 'administrator_unconfirmed') && /no password|banned/.test(error.message);
    await assert.rejects(bootstrap(), isTold);
    await identity.users.update(SYSTEM, userId, { password: PASSWORD });
    assert.deepEqual(await bootstrap(), { created: false });
    await identity.ban(userId);
    await assert.rejects(bootstrap(), isTold);
    assert.deepEqual(await bootstraps(), []);
  });

  it('must have an address that can be one', async () => {
    for (const email of ['admin', 'ädmin@example.com']) {
      await assert.rejects(bootstrap(identity, { ...ADMINISTRATOR, email }), refusal('validation_failed'));
    }
  });
});
