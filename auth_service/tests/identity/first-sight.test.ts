import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Authority } from '#rbac';
import { bearerOf, DEVICE, newPerson, refusal, type SignedIn } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const SYSTEM: Authority = { type: 'system', id: null };

describeIdentity('an account that was born elsewhere', ({ identity, database, backend }) => {
  /** As an import leaves them: with a session, and without a profile. */
  async function born(): Promise<SignedIn> {
    const person = await newPerson(identity());
    await identity().storage.profiles.delete(person.userId);
    return person;
  }

  const rolesOf = async (userId: string) =>
    (await identity().storage.userRoles.list(userId)).map(({ name }) => name);

  const profileOnly = async () =>
    await database().query(`select from auth_service_data.profiles where not exists
      (select from auth_service_identity.users where id = user_id)`);

  it('gets its profile and the default role when its owner first looks', async () => {
    const { people } = identity();
    const { bearer, userId, email } = await born();
    const profile = await people.profile(bearer.principal);
    assert.deepEqual(
      [profile.email, profile.isActive, profile.username, profile.roles],
      [email, true, null, ['user']],
    );
    assert.deepEqual(await rolesOf(userId), ['user']);
    assert.deepEqual(await people.profile(bearer.principal), profile);
    assert.deepEqual((await people.verify(bearer.accessToken)).roles, ['user']);
  });

  it('gets them when its owner first writes to it', async () => {
    const { bearer, userId } = await born();
    const profile = await identity().people.updateProfile(bearer.principal, { firstName: 'Ada' });
    assert.equal(profile.firstName, 'Ada');
    assert.deepEqual(await rolesOf(userId), ['user']);
    const taken = await newPerson(identity(), { username: `taken-${userId}` });
    const other = await born();
    const change = identity().people.updateProfile(other.bearer.principal, { username: `taken-${userId}` });
    await assert.rejects(change, refusal('username_taken'));
    assert.equal((await identity().people.profile(taken.bearer.principal)).username, `taken-${userId}`);
  });

  it('gets them when an administrator first looks, or changes it', async () => {
    const { users } = identity();
    assert.deepEqual((await users.find((await born()).userId)).roles, ['user']);
    assert.equal((await users.sessions((await born()).userId, { limit: 9, offset: 0 })).count, 1);
    const banned = await born();
    assert.ok((await users.ban(SYSTEM, banned.userId)).bannedUntil !== null);
    await assert.rejects(identity().people.verify(banned.bearer.accessToken), refusal('invalid_token'));
    const gone = await born();
    await users.delete(SYSTEM, gone.userId);
    assert.equal(await identity().storage.accounts.findPerson(gone.userId), null);
  });

  it('gets them once, however many look at once', async () => {
    const { people, users } = identity();
    const { bearer, userId } = await born();
    const looks = Array.from({ length: 6 }, () => people.profile(bearer.principal));
    const all = await Promise.all([...looks, users.find(userId), users.find(userId)]);
    assert.equal(new Set(all.map(({ createdAt }) => createdAt.getTime())).size, 1);
    assert.deepEqual(await rolesOf(userId), ['user']);
  });

  it('leaves no profile behind when it goes while somebody looks', async () => {
    const { people, users } = identity();
    for (let round = 0; round < (backend === 'postgres' ? 20 : 2); round += 1) {
      const { bearer, userId } = await born();
      const ending = round % 2 === 0 ? people.deleteAccount(bearer) : users.delete(SYSTEM, userId);
      await Promise.allSettled([people.profile(bearer.principal), ending, people.profile(bearer.principal)]);
      await ending.catch(() => undefined);
    }
    assert.deepEqual(await profileOnly(), []);
  });

  it('is nobody once it is gone, with the token or without', async () => {
    const { people, users } = identity();
    const { bearer, userId } = await born();
    await people.deleteAccount(bearer);
    await assert.rejects(people.profile(bearer.principal), refusal('not_found'));
    await assert.rejects(people.updateProfile(bearer.principal, { firstName: 'A' }), refusal('not_found'));
    await assert.rejects(users.find(userId), refusal('not_found'));
    assert.deepEqual(await profileOnly(), []);
  });

  it('stays out while it is banned, with a profile or without', async () => {
    const { people, ban, storage } = identity();
    const { bearer, userId, email, password } = await born();
    await ban(userId);
    await assert.rejects(people.verify(bearer.accessToken), refusal('invalid_token'));
    await assert.rejects(people.login({ email, password }, DEVICE), refusal('invalid_credentials'));
    await identity().users.unban(SYSTEM, userId);
    const session = await people.login({ email, password }, DEVICE);
    await bearerOf(identity(), session);
    await storage.profiles.update(userId, { isActive: false, updatedAt: new Date(0) });
    await assert.rejects(people.verify(session.access_token), refusal('invalid_token'));
  });
});
