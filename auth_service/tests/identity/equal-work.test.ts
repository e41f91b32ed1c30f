import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { hash as hashBcrypt } from 'bcrypt';
import type { TestIdentity } from './build-identity.ts';
import { anEmail, aUsername, DEVICE, newPerson, PASSWORD, toldBy } from './conformance/under-test.ts';
import { describeIdentity, type IdentitySuite } from './describe-identity.ts';

interface Work {
  /** What was sent to the database, as text. */
  readonly statements: readonly string[];
  readonly hashes: number;
  /** Audit events, written later. */
  readonly events: number;
}

/** What an attempt costs, and what its caller sees. */
async function workOf<T>(
  { database }: IdentitySuite,
  identity: TestIdentity,
  attempt: () => Promise<T>,
): Promise<Work & { readonly seen: T }> {
  const events = (await identity.auditEvents()).length;
  const hashes = identity.passwords.count();
  database().statements.length = 0;
  const seen = await attempt();
  const statements = [...database().statements];
  return {
    seen,
    statements,
    hashes: identity.passwords.count() - hashes,
    events: (await identity.auditEvents()).length - events,
  };
}

describeIdentity('a refused log-in', (suite) => {
  const { identity } = suite;
  const attempts = new Map<string, { email: string; password: string }>();

  before(async () => {
    const { storage, ban, deactivate } = identity();
    const make = async (name: string, password = PASSWORD, passwordHash?: string | null) => {
      const person = await newPerson(identity());
      attempts.set(name, { email: person.email, password });
      const change = { updatedAt: new Date(), ...(passwordHash !== undefined && { passwordHash }) };
      await storage.accounts.update(person.userId, change);
      return person.userId;
    };
    attempts.set('unknown', { email: anEmail(), password: PASSWORD });
    await make('wrong', 'a wrong password');
    await make('without a password', PASSWORD, null);
    await make('without a password, and none given', '', null);
    await ban(await make('banned'));
    await ban(await make('banned and wrong', 'a wrong password'));
    await deactivate(await make('inactive'));
    await make('imported and wrong', 'a wrong password', await hashBcrypt(PASSWORD, 4));
    await make('imported, longer than bcrypt reads', 'x'.repeat(100), await hashBcrypt('x'.repeat(72), 4));
    await make('with a hash nobody can read', PASSWORD, 'x');
  });

  it('costs one statement, one hash and one event, and says the same, whatever it was refused for', async () => {
    const { people } = identity();
    const told = new Map<string, Record<string, unknown>>();
    for (const [name, attempt] of attempts) {
      const { seen, statements, hashes, events } = await workOf(suite, identity(), () =>
        toldBy(people.login(attempt, DEVICE)),
      );
      told.set(name, seen);
      assert.deepEqual([statements.length, hashes, events], [1, 1, 1], name);
      assert.match(statements[0] ?? '', /^\s*select/, name);
    }
    const unknown = told.get('unknown');
    assert.equal(unknown?.code, 'invalid_credentials');
    for (const [name, seen] of told) assert.deepEqual(seen, unknown, name);
  });

  it('is told from others by its event alone, which names neither address nor password', async () => {
    const events = await identity().auditEvents();
    const refused = events.filter(({ action }) => action === 'user.login_failed');
    assert.deepEqual([...new Set(refused.map(({ detail }) => detail.reason))].toSorted(), [
      'banned',
      'inactive',
      'no_password',
      'unknown_email',
      'wrong_password',
    ]);
    const text = JSON.stringify(refused);
    assert.ok(!text.includes('@') && !text.includes(PASSWORD) && !text.includes('$argon2'));
  });
});

describeIdentity('a registration where accounts wait for their address to be proved', (suite) => {
  let identity: TestIdentity;

  before(async () => {
    identity = await suite.build({ confirmsAutomatically: false });
  });

  const registration = (email: string, username?: string) =>
    workOf(suite, identity, () =>
      identity.people.register(
        { email, password: PASSWORD, firstName: 'Ada', ...(username !== undefined && { username }) },
        DEVICE,
      ),
    );

  for (const [name, usernameOf] of [
    ['with a username', aUsername],
    ['without one', () => undefined],
  ] as const) {
    it(`${name}: of a known address costs and gives what that of a new one does`, async () => {
      const confirmed = await newPerson(identity);
      const unconfirmed = anEmail();
      await registration(unconfirmed);
      const fresh = await registration(anEmail(), usernameOf());
      assert.deepEqual(fresh.seen, { session: null, profile: null });
      assert.deepEqual([fresh.hashes, fresh.events], [1, 1]);
      for (const email of [confirmed.email, confirmed.email.toUpperCase(), unconfirmed]) {
        const known = await registration(email, usernameOf());
        assert.deepEqual(known.seen, fresh.seen);
        assert.equal(known.statements.length, fresh.statements.length);
        assert.deepEqual([known.hashes, known.events], [fresh.hashes, fresh.events]);
        assert.deepEqual([known.statements[0], known.statements.at(-1)], [fresh.statements[0], 'commit']);
      }
    });
  }

  it('with a username: a second one with the same name does not tell whether the first address was known', async () => {
    const known = await newPerson(identity);
    for (const email of [known.email, anEmail()]) {
      const username = aUsername();
      await registration(email, username);
      const second = await registration(anEmail(), username);
      assert.deepEqual(second.seen, { session: null, profile: null });
    }
  });
});
