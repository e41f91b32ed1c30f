import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { bootstrapAdministrator } from '#identity';
import type { Authority } from '#rbac';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import {
  buildSupabaseIdentity,
  type SupabaseIdentity,
  type SupabaseOptions,
} from './build-supabase-identity.ts';
import { DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';
import { adminOf } from './gotrue-clients.ts';
import { startInBetween } from './gotrue-in-between.ts';

const EMAIL = 'admin@example.com';
const ADMINISTRATOR = { email: EMAIL, password: 'a password from the environment' };
const SYSTEM: Authority = { type: 'system', id: null };
const USERS_WRITE: Authority = {
  type: 'client',
  id: crypto.randomUUID(),
  permissions: ['users:read', 'users:write'],
};

describeOn('postgres', 'the first administrator of a GoTrue', (open) => {
  describe('on a double', () => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;
    const opened: AsyncDisposable[] = [];

    async function build(options: SupabaseOptions = {}): Promise<SupabaseIdentity> {
      const built = await buildSupabaseIdentity(database, options);
      opened.push(built);
      return built;
    }
    const waiting = () => build({ gotrue: { confirmsAutomatically: false } });
    const disposeAll = async () => {
      for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
    };

    beforeEach(async () => {
      database = await open();
      identity = await build();
    });
    afterEach(disposeAll);
    after(disposeAll);

    const bootstrap = (
      { provider, storage, audit, now }: SupabaseIdentity = identity,
      credentials = ADMINISTRATOR,
    ) => bootstrapAdministrator({ provider, storage, audit, now }, credentials);
    const holders = async () =>
      (
        await database.query(
          `select user_id from auth_service_data.user_roles join auth_service_data.roles on id = role_id where name = 'admin'`,
        )
      ).map(({ user_id }) => String(user_id));
    async function requireRefused(one: SupabaseIdentity = identity): Promise<void> {
      await assert.rejects(bootstrap(one), refusal('administrator_unconfirmed'));
      assert.deepEqual(await holders(), []);
      assert.ok(!(await one.auditEvents()).some(({ action }) => action === 'admin.bootstrapped'));
    }

    it('is made where nobody has the address, with the password of the environment', async () => {
      assert.deepEqual(await bootstrap(), { created: true });
      const { bearer } = await signInAs(identity, ADMINISTRATOR);
      assert.ok(bearer.principal.permissions.includes('role:admin_manage'));
      assert.deepEqual(await holders(), [bearer.principal.userId]);
    });

    it('is made once by processes that start at once', async () => {
      const others = await Promise.all([1, 2, 3].map(() => build({ double: identity.gotrue })));
      const answers = await Promise.all([identity, ...others].map((one) => bootstrap(one)));
      assert.equal(answers.filter(({ created }) => created).length, 1);
      assert.equal((await holders()).length, 1);
      assert.equal(identity.gotrue.users.size, 1);
    });

    it('is not who has not proved the address, nor who took an invited one where nobody proves any', async () => {
      await newPerson(identity, { email: EMAIL });
      await requireRefused();
      const other = await waiting();
      await other.people.register({ email: EMAIL, password: PASSWORD }, DEVICE);
      await requireRefused(other);
    });

    it('is who was invited, and not who takes their address on between invitation and start', async () => {
      const invited = await newPerson(identity);
      await adminOf(identity.gotrue).updateUserById(invited.userId, { email: 'away@example.com' });
      await newPerson(identity, { email: invited.email });
      await assert.rejects(
        bootstrap(identity, { ...ADMINISTRATOR, email: invited.email }),
        refusal('administrator_unconfirmed'),
      );
      assert.deepEqual(await holders(), []);
    });

    it('is who proved it by mail, with the password that they have', async () => {
      const one = await waiting();
      const known = await newPerson(one, { email: EMAIL });
      assert.deepEqual(await bootstrap(one), { created: false });
      assert.deepEqual(await holders(), [known.userId]);
      await assert.rejects(one.people.login(ADMINISTRATOR, DEVICE), refusal('invalid_credentials'));
      await signInAs(one, known);
    });

    it('is nobody whose address changes while this looks', async () => {
      const one = await waiting();
      const known = await newPerson(one, { email: EMAIL });
      const { provider } = one;
      const ensureUser: typeof provider.ensureUser = async (...given) => {
        const user = await provider.ensureUser(...given);
        await adminOf(one.gotrue).updateUserById(known.userId, { email: 'away@example.com' });
        return user;
      };
      await requireRefused({ ...one, provider: { ...provider, ensureUser } });
    });

    it('is nobody who is banned, or deactivated', async () => {
      const one = await waiting();
      const known = await newPerson(one, { email: EMAIL });
      await one.gotrue.ban(known.userId);
      await requireRefused(one);
      await one.users.unban(SYSTEM, known.userId);
      await one.users.update(SYSTEM, known.userId, { isActive: false });
      await requireRefused(one);
    });

    it('is nobody whom a mere administrator of users has made, or given the address or a password', async () => {
      const one = await waiting();
      const input = { email: EMAIL, password: PASSWORD, isConfirmed: true };
      const { userId } = await one.users.create(USERS_WRITE, input);
      await requireRefused(one);
      await one.users.delete(SYSTEM, userId);
      const moved = await newPerson(one);
      await one.users.update(USERS_WRITE, moved.userId, { email: EMAIL });
      await requireRefused(one);
      await one.users.delete(SYSTEM, moved.userId);
      const known = await newPerson(one, { email: EMAIL });
      await one.users.update(USERS_WRITE, known.userId, { password: 'chosen by somebody else 7' });
      await requireRefused(one);
    });

    it('is nobody whom one gave a password, although nothing was heard of it', async () => {
      const one = await waiting();
      const known = await newPerson(one, { email: EMAIL });
      await using between = await startInBetween(() => one.gotrue);
      const unheard = await build({ double: { ...one.gotrue, url: between.url } });
      between.lose(/^PUT .*admin\/users/);
      const password = 'chosen by somebody else 7';
      const change = unheard.users.update(USERS_WRITE, known.userId, { password });
      await assert.rejects(change, refusal('identity_unavailable'));
      await signInAs(one, { email: EMAIL, password });
      await requireRefused(one);
      await one.users.update(SYSTEM, known.userId, { password: 'vouched for by the system 7' });
      assert.deepEqual(await bootstrap(one), { created: false });
    });

    it('is nobody who was it under another address', async () => {
      await bootstrap();
      const [former = ''] = await holders();
      await database.query('delete from auth_service_data.user_roles');
      await adminOf(identity.gotrue).updateUserById(former, { email: 'successor@example.com' });
      const successor = { ...ADMINISTRATOR, email: 'successor@example.com' };
      await assert.rejects(bootstrap(identity, successor), refusal('administrator_unconfirmed'));
      assert.deepEqual(await holders(), []);
    });

    it('is found behind 250 people who call themselves by the address', async () => {
      const one = await waiting();
      const known = await newPerson(one, { email: EMAIL });
      const admin = adminOf(one.gotrue);
      for (let n = 0; n < 250; n += 1) {
        await admin.createUser({ email: `x${n}@example.com`, user_metadata: { full_name: `I am ${EMAIL}` } });
      }
      assert.deepEqual(await bootstrap(one), { created: false });
      assert.deepEqual(await holders(), [known.userId]);
    });

    it('is nobody while GoTrue is away, or does not say whether addresses are proved', async () => {
      await identity.gotrue.stop();
      await assert.rejects(bootstrap(), refusal('identity_unavailable'));
      await identity.gotrue.restart();
      assert.deepEqual([await holders(), identity.gotrue.users.size], [[], 0]);
      await newPerson(await build({ double: identity.gotrue }), { email: EMAIL });
      await using between = await startInBetween(() => identity.gotrue);
      for (const text of [
        'null',
        '{}',
        '[]',
        '{"mailer_autoconfirm":"true"}',
        '{"mailer_autoconfirm":null}',
      ]) {
        const fresh = await build({ double: { ...identity.gotrue, url: between.url } });
        between.answer(/settings/, { status: 200, text });
        await assert.rejects(bootstrap(fresh), refusal('identity_unavailable'), text);
        assert.deepEqual(await holders(), [], text);
      }
    });
  });
});
