import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  anEmail,
  aUsername,
  type ConformanceSuite,
  DEVICE,
  itWhere,
  newPerson,
  PASSWORD,
  refusal,
  signInAs,
} from './under-test.ts';

export function describeSignUp({ identity, capabilities }: ConformanceSuite): void {
  const { confirmsAutomatically, sharesTransactions, claimsUsernames } = capabilities;

  describe('sign-up', () => {
    if (confirmsAutomatically) {
      it('gives a session and a profile with the default role at once', async () => {
        const { people } = identity();
        const names = { username: aUsername(), firstName: 'Ada', lastName: null };
        const email = anEmail();
        const { session, profile } = await people.register({ email, password: PASSWORD, ...names }, DEVICE);
        assert.ok(session !== null && profile !== null);
        const principal = await people.verify(session.access_token);
        assert.equal(principal.email, email);
        assert.deepEqual(principal.roles, ['user']);
        const { userId, isActive, roles, permissions } = profile;
        assert.deepEqual(
          { userId, email: profile.email, isActive, roles, permissions },
          { userId: principal.userId, email, isActive: true, roles: ['user'], permissions: [] },
        );
        assert.deepEqual(
          { username: profile.username, firstName: profile.firstName, lastName: profile.lastName },
          names,
        );
        assert.deepEqual(await people.profile(principal), profile);
      });
    } else {
      it('gives nothing until the address is proved, then the profile that was asked for', async () => {
        const { people, confirm } = identity();
        const person = { email: anEmail(), password: PASSWORD };
        const asked = { ...person, username: aUsername(), firstName: 'Ada' };
        assert.deepEqual(await people.register(asked, DEVICE), { session: null, profile: null });
        await assert.rejects(people.login(person, DEVICE), refusal('email_not_confirmed'));
        await confirm(person.email);
        const { bearer } = await signInAs(identity(), person);
        const { email, username, firstName, roles } = await people.profile(bearer.principal);
        assert.deepEqual(
          { email, username, firstName, roles },
          // Taken at once, it would tell of the address whether it was new.
          {
            email: person.email,
            username: claimsUsernames === true ? asked.username : null,
            firstName: 'Ada',
            roles: ['user'],
          },
        );
      });
    }

    it('a known address stays what it is, and only where accounts confirm themselves is that said', async () => {
      const { people } = identity();
      const known = await newPerson(identity(), { firstName: 'Ada' });
      const again = { email: known.email, password: 'quite another password', firstName: 'Eve' };
      if (confirmsAutomatically) {
        await assert.rejects(people.register(again, DEVICE), refusal('email_exists'));
      } else {
        const answer = await people.register(again, DEVICE);
        const toNobodyYet = await people.register({ ...again, email: anEmail() }, DEVICE);
        assert.deepEqual(answer, toNobodyYet);
      }
      await assert.rejects(people.login(again, DEVICE), refusal('invalid_credentials'));
      const { bearer } = await signInAs(identity(), known);
      assert.equal((await people.profile(bearer.principal)).firstName, 'Ada');
    });

    it('an address in upper case is the same account, one with other dots is another', async () => {
      const { people } = identity();
      const [name = '', domain = ''] = anEmail().split('@');
      const known = await newPerson(identity(), { email: `x.${name}@${domain}` });
      const shouted = await people.login({ ...known, email: known.email.toUpperCase() }, DEVICE);
      assert.equal(shouted.user.id, known.userId);
      assert.equal(shouted.user.email, known.email);
      const again = people.register({ email: `X.${name}@${domain}`, password: PASSWORD }, DEVICE);
      if (confirmsAutomatically) await assert.rejects(again, refusal('email_exists'));
      else await again;
      const dotless = await newPerson(identity(), { email: `x${name}@${domain}` });
      assert.notEqual(dotless.userId, known.userId);
    });

    it('of many who register one address at once one has the account', async () => {
      const { people, confirm } = identity();
      const email = anEmail();
      const passwords = [
        'the first of them',
        'the second of them',
        'the third of them',
        'the fourth of them',
      ];
      const answers = await Promise.allSettled(
        passwords.map((password) => people.register({ email, password }, DEVICE)),
      );
      const refused = answers.filter((answer) => answer.status === 'rejected');
      assert.ok(refused.every(({ reason }) => refusal('email_exists')(reason)));
      assert.equal(refused.length, confirmsAutomatically ? passwords.length - 1 : 0);
      if (!confirmsAutomatically) {
        for (const answer of answers) assert.deepEqual(answer, answers[0]);
        await confirm(email);
      }
      const logins = await Promise.allSettled(
        passwords.map((password) => people.login({ email, password }, DEVICE)),
      );
      assert.equal(logins.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    it('of many who register one username at once at most one has it, and who is refused has no account', async () => {
      const { people } = identity();
      const username = aUsername();
      const emails = [anEmail(), anEmail(), anEmail(), anEmail()];
      const answers = await Promise.allSettled(
        emails.map((email) => people.register({ email, password: PASSWORD, username }, DEVICE)),
      );
      const refused = answers.filter((answer) => answer.status === 'rejected');
      assert.equal(refused.length, confirmsAutomatically ? emails.length - 1 : 0);
      assert.ok(refused.every(({ reason }) => refusal('username_taken')(reason)));
      for (const [index, { status }] of answers.entries()) {
        const login = people.login({ email: emails[index] ?? '', password: PASSWORD }, DEVICE);
        if (status === 'rejected') await assert.rejects(login, refusal('invalid_credentials'));
        else if (confirmsAutomatically) await login;
        else await assert.rejects(login, refusal('email_not_confirmed'));
      }
    });

    itWhere([sharesTransactions], 'what fails beside it leaves no account behind', async () => {
      const { people, provider } = identity();
      const email = anEmail();
      const failing = provider.signUp({ email, password: PASSWORD, userMetadata: {} }, DEVICE, async () => {
        throw new Error('no profile, no account');
      });
      await assert.rejects(failing, /no profile, no account/);
      await assert.rejects(
        people.login({ email, password: PASSWORD }, DEVICE),
        refusal('invalid_credentials'),
      );
      await newPerson(identity(), { email });
    });
  });
}
