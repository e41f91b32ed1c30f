import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bootstrapAdministrator } from '#identity';
import type { Authority } from '#rbac';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { anEmail, DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';
import { adminOf, created } from './gotrue-clients.ts';

const SYSTEM: Authority = { type: 'system', id: null };
const CLERK: Authority = { type: 'client', id: crypto.randomUUID(), permissions: ['users:write'] };
const OTHER = 'another battery, another staple';

describeOn('postgres', 'accounts of others', (open) => {
  let database: TestDatabase;
  let confirming: SupabaseIdentity;
  let waiting: SupabaseIdentity;

  // Of its own, so that its hooks run before the database is closed.
  describe('on a GoTrue', () => {
    before(async () => {
      database = await open();
      confirming = await buildSupabaseIdentity(database);
      waiting = await buildSupabaseIdentity(database, {
        isShared: false,
        gotrue: { confirmsAutomatically: false },
      });
    });
    after(async () => {
      await confirming[Symbol.asyncDispose]();
      await waiting[Symbol.asyncDispose]();
    });

    const bootstrap = ({ provider, storage, audit, now }: SupabaseIdentity, email: string) =>
      bootstrapAdministrator({ provider, storage, audit, now }, { email, password: OTHER });

    it('whose address a mere user administrator confirmed makes no administrator', async () => {
      const { people, users, gotrue } = waiting;
      const email = anEmail();
      await people.register({ email, password: PASSWORD }, DEVICE);
      const stranger = [...gotrue.users.values()].find((user) => user.email === email);
      await users.update(CLERK, stranger?.id ?? '', { isConfirmed: true });
      await assert.rejects(bootstrap(waiting, email), refusal('administrator_unconfirmed'));
      // Nor once what stands here of it is lost: GoTrue knows as well.
      await waiting.storage.supabaseAccounts.markHandedOver(stranger?.id ?? '', null);
      await assert.rejects(bootstrap(waiting, email), refusal('administrator_unconfirmed'));
    });

    it('that were confirmed without a mail make no administrator, whatever GoTrue is set to today', async () => {
      const { gotrue } = waiting;
      const { email = '' } = await created(gotrue, { email: anEmail() });
      await assert.rejects(bootstrap(waiting, email), refusal('administrator_unconfirmed'));
    });

    it('that wait for their confirmation are not deleted by who registers their address, nor theirs', async () => {
      const { people, users, gotrue, storage } = confirming;
      const email = anEmail();
      const made = await users.create(SYSTEM, { email, isConfirmed: false, roles: ['service'] });
      confirming.pass(60);
      await assert.rejects(people.register({ email, password: PASSWORD }, DEVICE), refusal('email_exists'));
      assert.ok(gotrue.users.has(made.userId));
      assert.notEqual(await storage.profiles.find(made.userId), null);
      const elsewhere = await created(gotrue, { email: anEmail(), email_confirm: false });
      confirming.pass(60);
      await assert.rejects(
        people.register({ email: elsewhere.email ?? '', password: PASSWORD }, DEVICE),
        refusal('email_exists'),
      );
      assert.ok(gotrue.users.has(elsewhere.id));
    });

    it('prove nothing with their own password about somebody whose address they have by now', async () => {
      const { people, gotrue } = confirming;
      const ada = await newPerson(confirming);
      const moved = await adminOf(gotrue).updateUserById(ada.userId, { email: anEmail() });
      assert.equal(moved.error, null);
      await newPerson(confirming, { email: ada.email, password: OTHER });
      await assert.rejects(
        people.updatePassword(ada.bearer, { newPassword: 'set by mallory 99', currentPassword: OTHER }),
        refusal('current_password_invalid'),
      );
      // The right one is right under whatever address.
      await people.updatePassword(ada.bearer, { newPassword: 'set by ada 99', currentPassword: PASSWORD });
      await signInAs(confirming, { email: moved.data.user?.email ?? '', password: 'set by ada 99' });
    });
  });
});
