import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isServiceError } from '#errors';
import type { Authority } from '#rbac';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { anEmail, DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';
import { created } from './gotrue-clients.ts';

const SYSTEM: Authority = { type: 'system', id: null };
const NEW = 'another battery, another staple';
const CLERK: Authority = { type: 'client', id: crypto.randomUUID(), permissions: ['users:write'] };

for (const isShared of [true, false]) {
  const where = isShared ? 'in our database' : 'apart from it';
  describeOn('postgres', `administration of people of Supabase's, ${where}`, (open) => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;

    // Of its own, so that its hooks run before the database is closed.
    describe('on a GoTrue', () => {
      before(async () => {
        database = await open();
        identity = await buildSupabaseIdentity(database, { isShared });
      });
      after(() => identity[Symbol.asyncDispose]());

      const goneFromGotrue = (userId: string) => !identity.gotrue.users.has(userId);

      it('makes them with the id that they have here, and their password works', async () => {
        const { users, people, gotrue } = identity;
        const input = { email: anEmail(), password: PASSWORD, isConfirmed: true, firstName: 'Ada' };
        const made = await users.create(SYSTEM, input);
        assert.equal(gotrue.users.get(made.userId)?.email, input.email);
        assert.deepEqual([made.roles, made.firstName], [['user'], 'Ada']);
        const session = await people.login(input, DEVICE);
        assert.equal(session.user.id, made.userId);
        const shown = await users.find(made.userId);
        assert.ok(shown.emailConfirmedAt !== null && shown.lastSignInAt !== null);
      });

      it('makes nobody where it is refused: here, by rights, or there', async () => {
        const { users, gotrue, storage } = identity;
        const known = await newPerson(identity, { username: `u${crypto.randomUUID().slice(0, 8)}` });
        const username = (await storage.profiles.find(known.userId))?.username ?? '';
        const count = gotrue.users.size;
        await assert.rejects(users.create(SYSTEM, { email: anEmail(), username }), refusal('username_taken'));
        await assert.rejects(
          users.create(CLERK, { email: anEmail(), roles: ['admin'] }),
          refusal('exceeds_own_rights'),
        );
        await assert.rejects(users.create(SYSTEM, { email: known.email }), refusal('email_exists'));
        assert.equal(gotrue.users.size, count);
        const { items } = await storage.directory.list({ limit: 200, offset: 0, q: known.email });
        assert.equal(items.length, 1);
      });

      it('changes address and password; old sessions end, the new ones work', async () => {
        const { users, people } = identity;
        const person = await newPerson(identity);
        const email = anEmail();
        const changed = await users.update(SYSTEM, person.userId, { email, password: NEW });
        assert.equal(changed.email, email);
        await assert.rejects(people.verify(person.session.access_token), refusal('invalid_token'));
        await assert.rejects(
          people.refresh(person.session.refresh_token),
          refusal('refresh_token_not_found'),
        );
        await signInAs(identity, { email, password: NEW });
        await assert.rejects(people.login(person, DEVICE), refusal('invalid_credentials'));
      });

      it('bans and lets in again; sessions from before stay ended', async () => {
        const { users, people } = identity;
        const person = await newPerson(identity);
        assert.ok((await users.ban(SYSTEM, person.userId, '24h')).bannedUntil !== null);
        await assert.rejects(people.login(person, DEVICE), refusal('invalid_credentials'));
        assert.equal((await users.unban(SYSTEM, person.userId)).bannedUntil, null);
        await assert.rejects(people.verify(person.session.access_token), refusal('invalid_token'));
        await assert.rejects(
          people.refresh(person.session.refresh_token),
          refusal('refresh_token_not_found'),
        );
        await signInAs(identity, person);
      });

      it('lifts a ban that was made elsewhere, and shows it', async () => {
        const { users, gotrue } = identity;
        const person = await newPerson(identity);
        await gotrue.ban(person.userId);
        assert.ok((await users.find(person.userId)).bannedUntil !== null);
        await users.unban(SYSTEM, person.userId);
        await signInAs(identity, person);
      });

      it('logs out for good: a refresh does not bring the session back, a new log-in works at once', async () => {
        const { users, people } = identity;
        const person = await newPerson(identity);
        await users.logOut(SYSTEM, person.userId);
        await assert.rejects(people.verify(person.session.access_token), refusal('invalid_token'));
        await assert.rejects(
          people.refresh(person.session.refresh_token),
          refusal('refresh_token_not_found'),
        );
        // GoTrue was told when the token was turned away.
        await assert.rejects(
          people.refresh(person.session.refresh_token),
          refusal('refresh_token_not_found'),
        );
        const again = await signInAs(identity, person);
        await people.verify(again.session.access_token);
      });

      it('deletes here and there, and what is gone there can be deleted here', async () => {
        const { users, people, gotrue, storage } = identity;
        const [person, other] = [await newPerson(identity), await newPerson(identity)];
        await users.delete(SYSTEM, person.userId);
        assert.ok(goneFromGotrue(person.userId));
        assert.equal(await storage.profiles.find(person.userId), null);
        await assert.rejects(people.verify(person.session.access_token), refusal('invalid_token'));
        await assert.rejects(users.find(person.userId), refusal('not_found'));
        await gotrue.deleteUser(other.userId);
        await users.delete(SYSTEM, other.userId);
        assert.equal(await storage.profiles.find(other.userId), null);
        await assert.rejects(users.delete(SYSTEM, other.userId), refusal('not_found'));
      });

      it('takes no confirmation back', async () => {
        const { users } = identity;
        const { userId } = await newPerson(identity);
        await assert.rejects(
          users.update(SYSTEM, userId, { isConfirmed: false }),
          (error) =>
            isServiceError(error, 'validation_failed') && error.fields?.[0]?.field === 'email_confirmed',
        );
      });

      it('finds who was born elsewhere, by id, with the names they gave', async () => {
        const { users, gotrue } = identity;
        const { id, email } = await created(gotrue, {
          email: anEmail(),
          user_metadata: { first_name: 'Ada', last_name: 7, username: 'ada' },
        });
        const found = await users.find(id);
        assert.deepEqual(
          [found.email, found.firstName, found.lastName, found.username, found.roles],
          [email, 'Ada', null, null, ['user']],
        );
        assert.ok(found.emailConfirmedAt !== null);
        const other = await created(gotrue, { email: anEmail() });
        await users.meet(other.id);
        await identity.rbac.grantRoleToUser(SYSTEM, other.id, 'service');
        for (const nobody of [crypto.randomUUID(), 'no-id']) {
          await assert.rejects(users.find(nobody), refusal('not_found'));
          await assert.rejects(users.meet(nobody), refusal('not_found'));
        }
      });

      it('never leaves the house without an administrator, and changes nothing at GoTrue then', async () => {
        const { users, rbac, gotrue, people } = identity;
        const admin = await newPerson(identity);
        await people.profile(admin.bearer.principal);
        await rbac.grantRoleToUser(SYSTEM, admin.userId, 'admin');
        for (const change of [
          () => users.ban(SYSTEM, admin.userId),
          () => users.delete(SYSTEM, admin.userId),
          () => users.update(SYSTEM, admin.userId, { isActive: false }),
          () => people.deleteAccount(admin.bearer),
        ]) {
          await assert.rejects(change(), refusal('last_administrator'));
        }
        assert.equal(gotrue.users.get(admin.userId)?.bannedUntil ?? null, null);
        await people.verify(admin.session.access_token);
        await rbac.revokeRoleFromUser(SYSTEM, admin.userId, 'admin').catch(() => undefined);
      });

      it('shows who was last seen while GoTrue is away, and changes nobody', async () => {
        const { users, gotrue } = identity;
        const { userId, email } = await newPerson(identity);
        await gotrue.stop();
        try {
          assert.equal((await users.find(userId)).email, email);
          await assert.rejects(users.find(crypto.randomUUID()), refusal('identity_unavailable'));
          await assert.rejects(users.ban(SYSTEM, userId), refusal('identity_unavailable'));
          await assert.rejects(users.create(SYSTEM, { email: anEmail() }), refusal('identity_unavailable'));
        } finally {
          await gotrue.restart();
        }
      });
    });
  });
}
