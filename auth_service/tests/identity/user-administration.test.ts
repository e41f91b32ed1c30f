import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMINISTRATORS_LOCK, type Authority, RBAC_LOCK } from '#rbac';
import { aSession } from '../storage/people-builders.ts';
import { anEmail, DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const NEW = 'another battery, another staple';
const SYSTEM: Authority = { type: 'system', id: null };
const NOBODYS: Authority = { type: 'client', id: 'c', permissions: ['users:write'] };

describeIdentity('administration of people', ({ identity, database, backend }) => {
  const sessionsOf = async (userId: string) => (await identity().storage.sessions.list(userId)).length;

  for (const [name, act] of Object.entries({
    deactivated: (userId: string) => identity().users.update(SYSTEM, userId, { isActive: false }),
    banned: (userId: string) => identity().users.ban(SYSTEM, userId),
    unconfirmed: (userId: string) => identity().users.update(SYSTEM, userId, { isConfirmed: false }),
    'given a new password': (userId: string) => identity().users.update(SYSTEM, userId, { password: NEW }),
    deleted: (userId: string) => identity().users.delete(SYSTEM, userId),
  })) {
    it(`who is ${name} while their password is checked gets no session`, async () => {
      const { people, passwords } = identity();
      const person = await newPerson(identity());
      passwords.afterNext(() => act(person.userId));
      await assert.rejects(
        people.login(person, DEVICE),
        (error) => refusal('invalid_credentials')(error) || refusal('email_not_confirmed')(error),
      );
      assert.equal(await sessionsOf(person.userId), 0);
    });

    it(`who is ${name} beside their own log-ins keeps no session from before`, async () => {
      const { people } = identity();
      const person = await newPerson(identity());
      const logIns = Array.from({ length: 4 }, () => people.login(person, DEVICE));
      await Promise.allSettled([...logIns, act(person.userId), ...logIns]);
      assert.equal(await sessionsOf(person.userId), 0);
    });
  }

  // PGlite has one connection, where nothing happens at once.
  if (backend === 'postgres') {
    it('judges who is just being given a role by what they are about to carry', async () => {
      const { users, storage } = identity();
      const admin = await storage.roles.findByName('admin');
      const service = await storage.roles.findByName('service');
      const audits = await storage.permissions.findByName('audit:read');
      const { userId } = await newPerson(identity());
      const given = Promise.withResolvers<void>();
      const giving = storage.transaction(async (stores) => {
        await stores.lock(RBAC_LOCK);
        const assignedAt = database().clock.now();
        await stores.userRoles.add({ userId, roleId: admin?.id ?? '', assignedAt });
        const link = { roleId: service?.id ?? '', permissionId: audits?.id ?? '', assignedAt };
        await stores.rolePermissions.add(link);
        given.resolve();
        await sleep(100);
      });
      await given.promise;
      const attempts = await Promise.allSettled([
        users.update(NOBODYS, userId, { password: NEW }),
        users.logOut(NOBODYS, userId),
        users.create(NOBODYS, { email: anEmail(), roles: ['service'] }),
        giving,
      ]);
      const outcomes = attempts.map(
        (attempt) => attempt.status === 'rejected' && refusal('exceeds_own_rights')(attempt.reason),
      );
      assert.deepEqual(outcomes, [true, true, true, false]);
    });

    it('deletes once who is just leaving by themselves', async () => {
      const { users, storage, people } = identity();
      const { userId, bearer } = await newPerson(identity());
      const leaving = Promise.withResolvers<void>();
      const holding = storage.transaction(async (stores) => {
        await stores.lock(ADMINISTRATORS_LOCK);
        leaving.resolve();
        await sleep(100);
        await stores.profiles.delete(userId);
        await stores.accounts.delete(userId);
      });
      await leaving.promise;
      const attempts = [users.delete(SYSTEM, userId), people.deleteAccount(bearer), holding] as const;
      const [byOther, byOwner] = await Promise.allSettled(attempts);
      assert.ok(byOther.status === 'rejected' && refusal('not_found')(byOther.reason));
      assert.ok(byOwner.status === 'rejected' && refusal('invalid_token')(byOwner.reason));
      const events = await identity().auditEvents();
      const told = events.filter(
        ({ action, subjectId }) => action === 'user.deleted' && subjectId === userId,
      );
      assert.deepEqual(told, []);
    });

    it('waits for a log-in that is about to get its session, and ends that one too', async () => {
      const { users, storage } = identity();
      for (const act of [
        (userId: string) => users.update(SYSTEM, userId, { isActive: false }),
        (userId: string) => users.logOut(SYSTEM, userId),
      ]) {
        const { userId } = await newPerson(identity());
        const judged = Promise.withResolvers<void>();
        const logIn = storage.transaction(async (stores) => {
          await stores.accounts.update(userId, { updatedAt: database().clock.now() });
          judged.resolve();
          await sleep(100);
          await stores.sessions.insert(aSession(userId));
        });
        await judged.promise;
        await Promise.all([act(userId), logIn]);
        assert.equal(await sessionsOf(userId), 0);
      }
    });
  }

  it('sets a password beside the owner who changes it: one of the two stands, with no session of the other', async () => {
    const { people, users } = identity();
    const person = await newPerson(identity());
    const own = 'a password of their own';
    const answers = await Promise.allSettled([
      users.update(SYSTEM, person.userId, { password: NEW }),
      people.updatePassword(person.bearer, { newPassword: own, currentPassword: PASSWORD }),
    ]);
    assert.equal(answers[0].status, 'fulfilled');
    await signInAs(identity(), { email: person.email, password: NEW });
    await assert.rejects(people.login({ email: person.email, password: own }, DEVICE));
    await assert.rejects(people.verify(person.bearer.accessToken), refusal('invalid_token'));
  });

  it('of many who take one address or one name at once one has it', async () => {
    const { users } = identity();
    const email = anEmail();
    const username = `name-${crypto.randomUUID()}`;
    const made = await Promise.allSettled(
      Array.from({ length: 6 }, () => users.create(SYSTEM, { email, username })),
    );
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
    const people = await Promise.all(
      Array.from({ length: 4 }, () => users.create(SYSTEM, { email: anEmail() })),
    );
    const wanted = anEmail();
    const moved = await Promise.allSettled(
      people.map(({ userId }) => users.update(SYSTEM, userId, { email: wanted })),
    );
    assert.equal(moved.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const { userId } of people) {
      const person = await identity().storage.accounts.findPerson(userId);
      assert.equal(person?.account.email, person?.profile?.email);
      assert.equal(person?.account.email, person?.identities[0]?.email);
    }
  });

  it('takes away who has a profile alone, and then nobody', async () => {
    const { users, storage } = identity();
    const { userId } = await newPerson(identity());
    await storage.accounts.delete(userId);
    assert.equal((await users.delete(SYSTEM, userId)).userId, userId);
    await assert.rejects(users.delete(SYSTEM, userId), refusal('not_found'));
  });

  it('tells of each role that a newcomer is given, as it does of one given later', async () => {
    const { users, rbac, storage } = identity();
    const service = await storage.roles.findByName('service');
    const made = await users.create(SYSTEM, { email: anEmail(), roles: ['service', 'service'] });
    const later = await users.create(SYSTEM, { email: anEmail() });
    await rbac.grantRoleToUser(SYSTEM, later.userId, 'service');
    const events = await identity().auditEvents();
    for (const [userId, roles] of [
      [made.userId, ['service', 'user']],
      [later.userId, ['user']],
    ] as const) {
      const told = events.filter(({ subjectId }) => subjectId === userId).reverse();
      assert.deepEqual(
        told.map(({ action, actorType, subjectType, detail }) => [action, actorType, subjectType, detail]),
        [
          ['user.created', 'system', 'user', { roles }],
          ['role.granted', 'system', 'user', { role: 'service', role_id: service?.id }],
        ],
      );
    }
  });

  it('without its event does not happen', async () => {
    const { users, storage } = identity();
    const { userId, bearer } = await newPerson(identity());
    const before = await storage.directory.find(userId);
    await database().query('alter table auth_service_data.audit_events rename column detail to lost');
    try {
      for (const change of [
        () => users.update(SYSTEM, userId, { firstName: 'Ada', email: anEmail(), password: NEW }),
        () => users.ban(SYSTEM, userId),
        () => users.logOut(SYSTEM, userId),
        () => users.delete(SYSTEM, userId),
        () => users.create(SYSTEM, { email: 'unrecorded@example.com' }),
      ]) {
        await assert.rejects(change());
      }
    } finally {
      await database().query('alter table auth_service_data.audit_events rename column lost to detail');
    }
    assert.deepEqual(await storage.directory.find(userId), before);
    assert.equal(await storage.accounts.findPersonByEmail('unrecorded@example.com'), null);
    await identity().people.verify(bearer.accessToken);
  });

  it('asks nothing more of who is new than the roles they get, where there is no default role', async () => {
    const { users, rbac } = identity();
    await rbac.roles.delete(SYSTEM, 'user', { force: true });
    assert.deepEqual((await users.create(NOBODYS, { email: anEmail() })).roles, []);
    const refused = users.create(NOBODYS, { email: anEmail(), roles: ['admin'] });
    await assert.rejects(refused, refusal('exceeds_own_rights'));
  });
});
