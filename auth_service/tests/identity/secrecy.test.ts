import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hash as hashBcrypt } from 'bcrypt';
import { type Bearer, bootstrapAdministrator, type UserSession } from '#identity';
import { createLogger } from '#observability';
import { anEmail, aUsername, DEVICE, newPerson, signInAs } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

describeIdentity('what is kept of people', ({ identity, database }) => {
  const passwords = {
    first: 'the first secret of all',
    second: 'the second secret of all',
    wrong: 'a guess at the secret',
    administrators: 'a secret of the environment',
  };
  const secrets = new Set<string>(Object.values(passwords));
  const emails = new Set<string>();

  const keep = ({ access_token, refresh_token }: UserSession) => {
    secrets.add(access_token).add(refresh_token);
  };
  const swallow = (work: Promise<unknown>) =>
    work.then(
      () => assert.fail('it went through'),
      () => undefined,
    );

  /** Everything there is to do, right and wrong. */
  async function liveAWholeLife(): Promise<void> {
    const { people, provider, storage, audit } = identity();
    const person = await newPerson(identity(), { password: passwords.first, username: aUsername() });
    const { email, bearer, session, userId } = person;
    emails.add(email);
    const strangersEmail = anEmail();
    emails.add(strangersEmail);
    await swallow(people.register({ email, password: passwords.second }, DEVICE));
    await swallow(people.login({ email, password: passwords.wrong }, DEVICE));
    await swallow(people.login({ email: strangersEmail, password: passwords.wrong }, DEVICE));
    await storage.accounts.update(userId, {
      passwordHash: await hashBcrypt(passwords.first, 4),
      updatedAt: new Date(0),
    });
    const other = await signInAs(identity(), person);
    keep(session);
    keep(other.session);
    await swallow(people.updatePassword(bearer, { newPassword: passwords.second }));
    const wrongProof = { newPassword: passwords.second, currentPassword: passwords.wrong };
    await swallow(people.updatePassword(bearer, wrongProof));
    await people.updatePassword(bearer, {
      newPassword: passwords.second,
      currentPassword: passwords.first,
    });
    await people.updateProfile(bearer.principal, { firstName: 'Adalmina' });
    const second = await people.refresh(session.refresh_token);
    const third = await people.refresh(second.refresh_token);
    keep(second);
    keep(third);
    database().clock.advance(11);
    await swallow(people.refresh(session.refresh_token));
    const last: Bearer = (await signInAs(identity(), { email, password: passwords.second })).bearer;
    const ended = await signInAs(identity(), { email, password: passwords.second });
    await people.endSession(last, ended.bearer.principal.sessionId);
    await people.logout(last, 'others');
    await people.deleteAccount(last);
    const credentials = { email: strangersEmail, password: passwords.administrators };
    await bootstrapAdministrator({ provider, storage, audit, now: database().clock.now }, credentials);
  }

  it('no event and no line of the log holds a password, a hash, a token, an address or a name', async () => {
    await liveAWholeLife();
    const events = await identity().auditEvents();
    assert.deepEqual(
      [...new Set(events.map(({ action }) => action))]
        .filter((action) => /user|admin/.test(action))
        .toSorted(),
      [
        'admin.bootstrapped',
        'user.deleted',
        'user.logged_in',
        'user.logged_out',
        'user.login_failed',
        'user.password_changed',
        'user.profile_updated',
        'user.refresh_token_reused',
        'user.registered',
      ],
    );
    const lines: string[] = [];
    const log = createLogger({
      level: 'DEBUG',
      environment: 'testing',
      pretty: false,
      write: (line) => lines.push(line),
    });
    for (const { message, context } of database().logger.lines) log.info(message, context);
    const written = JSON.stringify(events) + lines.join('');
    for (const secret of [...secrets, ...emails]) assert.ok(!written.includes(secret), secret);
    assert.doesNotMatch(written, /\$argon2|\$2b\$|Adalmina/);
  });

  it('no password and no token stands in the database', async () => {
    const person = await newPerson(identity(), { password: passwords.first });
    keep(person.session);
    keep(await identity().people.refresh(person.session.refresh_token));
    const rows = await database().query(`
      select to_json(u)::text as text from auth_service_identity.users u
      union all select to_json(i)::text from auth_service_identity.identities i
      union all select to_json(s)::text from auth_service_identity.sessions s
      union all select to_json(p)::text from auth_service_data.profiles p`);
    assert.ok(rows.length >= 4 && JSON.stringify(rows).includes(person.email));
    const stored = JSON.stringify(rows);
    for (const secret of secrets) assert.ok(!stored.includes(secret), secret);
  });
});
