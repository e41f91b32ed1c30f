import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isServiceError } from '#errors';
import {
  anEmail,
  aUsername,
  type ConformanceSuite,
  DEVICE,
  newPerson,
  PASSWORD,
  refusal,
  signInAs,
  toldBy,
} from './under-test.ts';

export function describeSignUpFaults({ identity }: ConformanceSuite): void {
  describe('sign-up refuses', () => {
    const register = (given: { email?: string; password?: string; username?: string; firstName?: string }) =>
      identity().people.register({ email: anEmail(), password: PASSWORD, ...given }, DEVICE);

    it('an address that cannot be written to, or has letters outside ASCII, or is too long', async () => {
      const long = `${'a'.repeat(64)}@${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(64)}.com`;
      assert.ok(long.length > 254);
      for (const email of ['ada', 'ada@example', 'ädä@example.com', '\u212aate@example.com', long, '']) {
        await assert.rejects(
          register({ email }),
          (error) =>
            isServiceError(error, 'validation_failed') &&
            error.fields?.map(({ field }) => field).join() === 'email',
          email,
        );
      }
    });

    it('a weak password, and names that cannot be', async () => {
      for (const password of ['short 1', 'password', 'x'.repeat(129)]) {
        await assert.rejects(register({ password }), refusal('weak_password'), password);
      }
      const email = anEmail();
      await assert.rejects(register({ email, password: email }), refusal('weak_password'));
      const told = await toldBy(register({ username: 'a b', firstName: 'x'.repeat(101) }));
      const fields = told.fields as { field: string }[];
      assert.deepEqual(
        [told.code, ...fields.map(({ field }) => field)],
        ['validation_failed', 'username', 'first_name'],
      );
    });

    it('a username that somebody has, in whatever case, before it looks at the address', async () => {
      const username = aUsername();
      const person = await newPerson(identity());
      const { email } = person;
      const { bearer } = await signInAs(identity(), person);
      await identity().people.updateProfile(bearer.principal, { username });
      for (const taken of [username, username.toUpperCase()]) {
        const told = await toldBy(register({ username: taken }));
        assert.equal(told.code, 'username_taken');
        assert.deepEqual(await toldBy(register({ username: taken, email })), told);
      }
    });
  });

  describe('what a person says about themselves', () => {
    it('grants nothing', async () => {
      const { provider, people, confirm } = identity();
      const credentials = { email: anEmail(), password: PASSWORD };
      const boast = {
        roles: ['admin'],
        permissions: ['role:admin_manage'],
        app_metadata: { roles: ['admin'] },
      };
      await provider.signUp({ ...credentials, userMetadata: boast }, DEVICE, async () => {});
      await confirm(credentials.email);
      const { access_token, user } = await people.login(credentials, DEVICE);
      const principal = await people.verify(access_token);
      // Without a profile a person holds the default role.
      assert.deepEqual([principal.roles, principal.permissions], [['user'], []]);
      assert.deepEqual([user.app_metadata.roles, user.app_metadata.permissions], [['user'], []]);
      const [, payload = ''] = access_token.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      assert.deepEqual([claims.app_metadata.roles, claims.app_metadata.permissions], [['user'], []]);
      assert.equal(claims.role, 'authenticated');
      assert.deepEqual(claims.user_metadata.roles, ['admin']);
    });
  });
}
