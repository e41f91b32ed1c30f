import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConformanceSuite, itWhere, newPerson, refusal, type SignedIn } from './under-test.ts';

export function describeBearers({ identity, capabilities }: ConformanceSuite): void {
  const { movesTime } = capabilities;

  describe('an access token', () => {
    it('proves who holds it, with what they hold now', async () => {
      const { people } = identity();
      const { session, email, userId } = await newPerson(identity());
      const { sessionId, amr, userMetadata, ...principal } = await people.verify(session.access_token);
      assert.deepEqual(principal, {
        kind: 'user',
        userId,
        email,
        aal: 'aal1',
        roles: ['user'],
        permissions: [],
      });
      assert.match(sessionId, /^[0-9a-f-]{36}$/);
      assert.deepEqual(
        amr.map(({ method }) => method),
        ['password'],
      );
    });

    itWhere([movesTime], 'expires', async () => {
      const { people, pass } = identity();
      const { session } = await newPerson(identity());
      await pass(session.expires_in - 1);
      await people.verify(session.access_token);
      // Clocks may differ a little.
      await pass(60);
      await assert.rejects(people.verify(session.access_token), refusal('invalid_token'));
      const next = await people.refresh(session.refresh_token);
      await people.verify(next.access_token);
    });

    it('is worth nothing once its session ended, or its person is banned, inactive or deleted', async () => {
      const { people, ban, deactivate } = identity();
      const ways: readonly ((person: SignedIn) => Promise<void>)[] = [
        ({ bearer }) => people.logout(bearer, 'local'),
        ({ userId }) => ban(userId),
        ({ userId }) => deactivate(userId),
        ({ bearer }) => people.deleteAccount(bearer),
      ];
      for (const end of ways) {
        const person = await newPerson(identity());
        await end(person);
        await assert.rejects(people.verify(person.session.access_token), refusal('invalid_token'));
      }
    });

    itWhere([capabilities.liftsBans], 'is worth something again when a ban is lifted', async () => {
      const { people, ban, unban } = identity();
      const { userId, session } = await newPerson(identity());
      await ban(userId);
      await unban(userId);
      await people.verify(session.access_token);
    });

    it('is no token when anything in it was altered', async () => {
      const { people } = identity();
      const { session } = await newPerson(identity());
      const stranger = await newPerson(identity());
      const [header = '', payload = '', signature = ''] = session.access_token.split('.');
      const [, foreignPayload = '', foreignSignature = ''] = stranger.session.access_token.split('.');
      const admin = JSON.parse(Buffer.from(payload, 'base64url').toString());
      admin.app_metadata.roles = ['admin'];
      const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
      for (const token of [
        '',
        'abc',
        session.refresh_token,
        `${header}.${payload}.`,
        `${header}.${payload}`,
        `${header}.${foreignPayload}.${signature}`,
        `${header}.${payload}.${foreignSignature}`,
        `${header}.${Buffer.from(JSON.stringify(admin)).toString('base64url')}.${signature}`,
        `${none}.${payload}.`,
        `${none}.${payload}.${signature}`,
        `${session.access_token}=`,
        ` ${session.access_token}`,
      ]) {
        await assert.rejects(people.verify(token), refusal('invalid_token'), token);
      }
    });
  });
}
