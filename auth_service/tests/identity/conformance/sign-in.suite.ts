import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeToken } from '#keys';
import {
  anEmail,
  type ConformanceSuite,
  DEVICE,
  newPerson,
  PASSWORD,
  refusal,
  signInAs,
  toldBy,
} from './under-test.ts';

export function describeSignIn({ identity, capabilities }: ConformanceSuite): void {
  describe('sign-in', () => {
    it("gives GoTrue's session, with the claims of GoTrue's token", async () => {
      const person = await newPerson(identity(), { firstName: 'Ada' });
      const { session, bearer, userId, email } = await signInAs(identity(), person);
      const { access_token, refresh_token, expires_at, user, ...rest } = session;
      assert.deepEqual(rest, { token_type: 'bearer', expires_in: 3600 });
      assert.ok(refresh_token.length > 10);
      assert.deepEqual(
        [user.aud, user.role, user.email, user.phone, user.is_anonymous, user.user_metadata.first_name],
        ['authenticated', 'authenticated', email, '', false, 'Ada'],
      );
      assert.deepEqual(
        user.identities.map(({ provider, user_id }) => [provider, user_id]),
        [['email', userId]],
      );
      assert.ok(user.email_confirmed_at !== undefined && user.last_sign_in_at !== undefined);

      const { sessionId, amr } = bearer.principal;
      const { iss, exp, iat, ...claims } = decodeToken(access_token)?.claims ?? {};
      assert.equal(typeof iss, 'string');
      assert.equal(exp, expires_at);
      assert.equal(iat, expires_at - 3600);
      assert.deepEqual(claims, {
        sub: userId,
        aud: 'authenticated',
        email,
        phone: '',
        app_metadata: { provider: 'email', providers: ['email'], roles: ['user'], permissions: [] },
        user_metadata: user.user_metadata,
        role: 'authenticated',
        aal: 'aal1',
        amr,
        session_id: sessionId,
        is_anonymous: false,
      });
      assert.deepEqual(user.app_metadata, claims.app_metadata);
      assert.equal(amr.length, 1);
      assert.deepEqual(amr[0], { method: 'password', timestamp: iat });
    });

    it('starts a session of its own each time', async () => {
      const first = await newPerson(identity());
      const second = await signInAs(identity(), first);
      assert.equal(second.userId, first.userId);
      assert.notEqual(second.bearer.principal.sessionId, first.bearer.principal.sessionId);
      assert.notEqual(second.session.refresh_token, first.session.refresh_token);
    });

    it('says the same to an unknown address, a wrong password, a banned and an inactive person', async () => {
      const { people, ban, deactivate } = identity();
      const [known, banned, inactive] = [
        await newPerson(identity()),
        await newPerson(identity()),
        await newPerson(identity()),
      ];
      await ban(banned.userId);
      await deactivate(inactive.userId);
      const unknown = await toldBy(people.login({ email: anEmail(), password: PASSWORD }, DEVICE));
      assert.equal(unknown.code, 'invalid_credentials');
      for (const attempt of [
        { ...known, password: 'a wrong password' },
        { ...known, password: `${PASSWORD} ` },
        { ...known, password: '' },
        banned,
        { ...banned, password: 'a wrong password' },
        inactive,
        { ...inactive, password: 'a wrong password' },
      ]) {
        assert.deepEqual(await toldBy(people.login(attempt, DEVICE)), unknown);
      }
    });

    if (!capabilities.confirmsAutomatically) {
      it('says that the address waits to be proved to nobody but who knows the password', async () => {
        const { people } = identity();
        const waiting = { email: anEmail(), password: PASSWORD };
        await people.register(waiting, DEVICE);
        await assert.rejects(people.login(waiting, DEVICE), refusal('email_not_confirmed'));
        const wrong = { ...waiting, password: 'a wrong password' };
        const unknown = { ...waiting, email: anEmail() };
        assert.deepEqual(
          await toldBy(people.login(wrong, DEVICE)),
          await toldBy(people.login(unknown, DEVICE)),
        );
      });
    }

    it('a ban that is lifted is over', async () => {
      const { ban, unban } = identity();
      const person = await newPerson(identity());
      await ban(person.userId);
      await unban(person.userId);
      await signInAs(identity(), person);
    });
  });
}
