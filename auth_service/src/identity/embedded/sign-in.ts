import { ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { Person, Stores } from '#storage';
import type { Credentials, Device, UserSession } from '../types.ts';
import type { EmbeddedDependencies } from './dependencies.ts';
import type { PreparedSession, SessionStart } from './session-start.ts';
import { isBanned } from './wire.ts';

type Refusal =
  | 'unknown_email'
  | 'no_password'
  | 'wrong_password'
  | 'banned'
  | 'inactive'
  | 'email_not_confirmed';

/** The password was right for this hash; it goes on to the next one where the hash is upgraded. */
interface Proof {
  readonly userId: string;
  readonly hash: string;
  readonly nextHash: string;
}

/**
 * An unknown e-mail, a wrong password, an account without one, a banned and an inactive one cost the same statement
 * and the same hash and get the same answer. Only who knows the password learns that the e-mail waits to be confirmed.
 */
export function createSignIn(dependencies: EmbeddedDependencies, sessions: SessionStart) {
  const { storage, passwords, audit, now } = dependencies;
  const upgrade = createHashUpgrade(dependencies);

  function refuse(reason: Refusal, person: Person | null): never {
    audit.enqueue({
      action: 'user.login_failed',
      outcome: 'failure',
      actor: { type: 'anonymous', id: null },
      ...(person !== null && { subject: { type: 'user', id: person.account.id } }),
      detail: { reason },
    });
    throw new ServiceError(reason === 'email_not_confirmed' ? reason : 'invalid_credentials');
  }

  function requireUsable(person: Person): void {
    if (isBanned(person.account, now())) refuse('banned', person);
    if (person.profile?.isActive === false) refuse('inactive', person);
    if (person.account.emailConfirmedAt === null) refuse('email_not_confirmed', person);
  }

  /** Checking took its time: the account is judged once more, as it stands now. Null: the hash is another by now. */
  async function begin(stores: Stores, proof: Proof, prepared: PreparedSession): Promise<Person | null> {
    const at = now();
    const change = { passwordHash: proof.nextHash, lastSignInAt: at, updatedAt: at };
    // From here on the row is locked: who changes the password waits, then finds this session and ends it.
    if (!(await stores.accounts.update(proof.userId, change, { passwordHash: proof.hash }))) return null;
    const person = await stores.accounts.findPerson(proof.userId);
    if (person === null) return null;
    requireUsable(person);
    await prepared.store(stores);
    await audit.record(stores, {
      action: 'user.logged_in',
      actor: { type: 'user', id: proof.userId },
      subject: { type: 'session', id: prepared.session.id },
      detail: { method: 'password' },
    });
    return person;
  }

  async function attempt({ email, password }: Credentials, device: Device): Promise<UserSession | null> {
    const known = await storage.accounts.findPersonByEmail(email);
    const hash = known?.account.passwordHash ?? null;
    const verdict = await passwords.verify(password, hash);
    if (known === null) return refuse('unknown_email', null);
    if (hash === null) return refuse('no_password', known);
    if (!verdict.matches) return refuse('wrong_password', known);
    requireUsable(known);

    const userId = known.account.id;
    const nextHash = verdict.needsUpgrade ? ((await upgrade(userId, password)) ?? hash) : hash;
    const prepared = sessions.prepare(userId, device, 'password');
    const proof = { userId, hash, nextHash };
    const person = await storage.transaction((stores) => begin(stores, proof, prepared));
    return person === null ? null : sessions.hand(person, prepared.session, prepared.refreshKey);
  }

  /** Twice, since the hash may have been upgraded by a log-in beside this one. */
  return async function signIn(credentials: Credentials, device: Device): Promise<UserSession> {
    const session = (await attempt(credentials, device)) ?? (await attempt(credentials, device));
    return session ?? refuse('wrong_password', null);
  };
}

/** A hash from elsewhere becomes one of ours with the first right password. */
function createHashUpgrade({ passwords, logger }: EmbeddedDependencies) {
  return async (userId: string, password: string): Promise<string | null> => {
    try {
      return await passwords.hash(password);
    } catch (error) {
      // The password was right: the person gets in, and the next time tries again.
      logger.warning('a password hash could not be upgraded', {
        user_id: userId,
        error: errorContext(error),
      });
      return null;
    }
  };
}
