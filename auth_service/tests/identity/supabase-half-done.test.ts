import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { anEmail, DEVICE, newPerson, PASSWORD, refusal, signInAs, toldBy } from './conformance/under-test.ts';
import { type InBetween, startInBetween } from './gotrue-in-between.ts';
import { NEW_PASSWORD, SYSTEM } from './supabase-verbs.ts';

describeOn('postgres', 'what GoTrue did not do, or did and did not say', (open) => {
  describe('on a proxy', () => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;
    let between: InBetween;
    let waiting: SupabaseIdentity;
    before(async () => {
      database = await open();
      const direct = await buildSupabaseIdentity(database);
      between = await startInBetween(() => direct.gotrue);
      identity = await buildSupabaseIdentity(database, { double: { ...direct.gotrue, url: between.url } });
      waiting = await buildSupabaseIdentity(database, { gotrue: { confirmsAutomatically: false } });
    });
    after(async () => {
      await between[Symbol.asyncDispose]();
      await waiting[Symbol.asyncDispose]();
      await identity.gotrue.close();
      await identity[Symbol.asyncDispose]();
    });

    const actions = async (userId: string) =>
      (await identity.auditEvents())
        .filter(({ subjectId }) => subjectId === userId)
        .map(({ action }) => action);
    const fault = { status: 500, text: '{"code":500,"error_code":"unexpected_failure","msg":"no"}' };
    const lost = /^DELETE .*admin\/users/;

    it('a deletion that fails leaves account, profile and session', async () => {
      const person = await newPerson(identity);
      between.answer(lost, fault);
      await assert.rejects(identity.people.deleteAccount(person.bearer), refusal('identity_unavailable'));
      await assert.rejects(identity.users.delete(SYSTEM, person.userId), refusal('identity_unavailable'));
      between.stopAnswering();
      await identity.people.verify(person.session.access_token);
      assert.equal((await identity.people.profile(person.bearer.principal)).email, person.email);
      assert.ok(!(await actions(person.userId)).includes('user.deleted'));
    });

    it('a deletion whose answer is lost is done when it is asked for again', async () => {
      const [one, other] = [await newPerson(identity), await newPerson(identity)];
      between.lose(lost);
      const late = [identity.people.deleteAccount(one.bearer), identity.users.delete(SYSTEM, other.userId)];
      for (const work of await Promise.allSettled(late)) {
        assert.ok(work.status === 'fulfilled' || refusal('identity_unavailable')(work.reason));
      }
      between.stopAnswering();
      assert.equal(identity.gotrue.users.has(one.userId) || identity.gotrue.users.has(other.userId), false);
      await identity.people.deleteAccount(one.bearer).catch((error: unknown) => {
        assert.ok(isServiceError(error, 'invalid_token'));
      });
      await identity.users.delete(SYSTEM, other.userId).catch((error: unknown) => {
        assert.ok(isServiceError(error, 'not_found'));
      });
      for (const { userId } of [one, other]) {
        assert.equal(await identity.storage.profiles.find(userId), null);
        assert.equal((await actions(userId)).filter((action) => action === 'user.deleted').length, 1);
      }
    });

    it('a deletion that is tried twice by itself is done', async () => {
      const person = await newPerson(identity);
      identity.gotrue.fail({ cut: 'headers' }, { path: /admin\/users/, times: 2 });
      await identity.users.delete(SYSTEM, person.userId).catch(() => undefined);
      identity.gotrue.fail({ cut: 'headers' }, { path: /admin\/users/, times: 1 });
      await identity.users.delete(SYSTEM, person.userId).catch(() => undefined);
      assert.equal(await identity.storage.profiles.find(person.userId), null);
    });

    it('a password that is not changed leaves the other sessions, and the old password', async () => {
      const person = await newPerson(identity);
      const other = await signInAs(identity, person);
      between.answer(/^PUT .*\/user$/, fault);
      const change = { newPassword: NEW_PASSWORD, currentPassword: PASSWORD };
      await assert.rejects(
        identity.people.updatePassword(person.bearer, change),
        refusal('identity_unavailable'),
      );
      between.stopAnswering();
      await identity.people.verify(other.session.access_token);
      await identity.people.refresh(other.session.refresh_token);
      await signInAs(identity, person);
      assert.ok(!(await actions(person.userId)).includes('user.password_changed'));
    });

    it('a registration whose answer is lost leaves nobody with a profile and no account', async () => {
      const email = anEmail();
      between.lose(/signup/);
      const input = { email, password: PASSWORD, username: `u${crypto.randomUUID()}` };
      await assert.rejects(identity.people.register(input, DEVICE), refusal('identity_unavailable'));
      between.stopAnswering();
      const sql = 'select from auth_service_data.profiles where email = $1';
      assert.equal((await database.query(sql, [email])).length, 0);
      await signInAs(identity, { email, password: PASSWORD });
    });

    it('a user that an administrator is told not to have made is not there', async () => {
      const email = anEmail();
      between.lose(/^POST .*admin\/users$/);
      await assert.rejects(
        identity.users.create(SYSTEM, { email, password: PASSWORD, isConfirmed: true }),
        refusal('identity_unavailable'),
      );
      between.stopAnswering();
      const left = [...identity.gotrue.users.values()].filter((user) => user.email === email);
      assert.deepEqual(left, []);
    });

    it('a session with the name of another is nobody’s', async () => {
      const [one, other] = [await newPerson(identity), await newPerson(identity)];
      const text = JSON.stringify({ ...one.session, user: other.session.user });
      between.answer(/\/token/, { status: 200, text });
      const login = identity.people.login(other, DEVICE);
      await assert.rejects(login, refusal('identity_unavailable'));
      await assert.rejects(identity.people.refresh('any'), refusal('identity_unavailable'));
      between.stopAnswering();
      assert.equal((await identity.storage.profiles.find(one.userId))?.email, one.email);
    });

    it('a full mailbox looks as a new registration does', async () => {
      const told = await waiting.people.register({ email: anEmail(), password: PASSWORD }, DEVICE);
      const email = anEmail();
      const input = { email, password: PASSWORD };
      assert.deepEqual(await waiting.people.register(input, DEVICE), told);
      // GoTrue refuses to mail somebody twice in a minute.
      assert.deepEqual(await waiting.people.register(input, DEVICE), told);
      await waiting.confirm(email);
      assert.deepEqual(await waiting.people.register(input, DEVICE), told);
    });

    it('who is banned, unknown, wrong or limited is told the same', async () => {
      const person = await newPerson(identity);
      const banned = await newPerson(identity);
      await identity.gotrue.ban(banned.userId);
      const login = (email: string, password: string) =>
        toldBy(identity.people.login({ email, password }, DEVICE));
      const unknown = await login(anEmail(), PASSWORD);
      assert.equal(unknown.code, 'invalid_credentials');
      assert.deepEqual(await login(banned.email, PASSWORD), unknown);
      assert.deepEqual(await login(banned.email, 'wrong horse battery'), unknown);
      assert.deepEqual(await login(person.email, 'wrong horse battery'), unknown);
      assert.deepEqual(await login(person.email, 'x'.repeat(100)), unknown);
      assert.deepEqual(await login(anEmail(), 'x'.repeat(100)), unknown);
      between.answer(/grant_type=password/, {
        status: 429,
        text: '{"code":429,"error_code":"over_email_send_rate_limit","msg":"wait"}',
      });
      assert.deepEqual(await login(person.email, PASSWORD), unknown);
      between.stopAnswering();
    });

    it('a limit is passed on, with the time to wait where it is one', async () => {
      const limited = async (headers: Readonly<Record<string, string>>) => {
        const text = '{"code":429,"error_code":"over_request_rate_limit","msg":"wait"}';
        between.answer(/token/, { status: 429, text, headers });
        const input = { email: anEmail(), password: PASSWORD };
        const told = await toldBy(identity.people.login(input, DEVICE));
        between.stopAnswering();
        assert.equal(told.code, 'rate_limited');
        return told.retryAfterSeconds;
      };
      assert.equal(await limited({}), 60);
      assert.equal(await limited({ 'retry-after': '7' }), 7);
      for (const retryAfter of [
        '',
        'soon',
        '-5',
        '0',
        '1e99',
        '999999999999',
        'Wed, 21 Oct 2099 07:28:00 GMT',
      ]) {
        const seconds = Number(await limited({ 'retry-after': retryAfter }));
        assert.ok(seconds >= 1 && seconds <= 3_600, `${retryAfter}: ${seconds}`);
      }
    });

    it('a password of more than 72 bytes is weak, before it is asked', async () => {
      const before = identity.gotrue.requests.length;
      const register = identity.people.register({ email: anEmail(), password: 'ä'.repeat(40) }, DEVICE);
      await assert.rejects(register, refusal('weak_password'));
      assert.equal(identity.gotrue.requests.length, before);
    });
  });
});
