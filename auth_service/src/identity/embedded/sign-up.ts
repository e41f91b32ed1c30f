import { ServiceError } from '#errors';
import type { Adopt, Credentials, Device, EnsuredUser, UserSession } from '../types.ts';
import { createAccountDraft, PROVIDER } from './account-draft.ts';
import type { EmbeddedDependencies } from './dependencies.ts';
import type { SessionStart } from './session-start.ts';

type Registration = Credentials & { readonly userMetadata: Readonly<Record<string, unknown>> };

/**
 * Where accounts wait for confirmation, a known e-mail costs what a new one costs: the same hash, the same number of
 * statements, one commit with an audit row in it.
 */
export function createSignUp(dependencies: EmbeddedDependencies, sessions: SessionStart) {
  const { storage, passwords, audit, settings } = dependencies;
  const drawUp = createAccountDraft(dependencies);

  return async function signUp(
    input: Registration,
    device: Device,
    adopt: Adopt,
  ): Promise<{ session: UserSession | null }> {
    const passwordHash = await passwords.hash(input.password);
    const isConfirmed = settings.confirmsAutomatically;
    const { account, identity } = drawUp(input, { passwordHash, isConfirmed, isSignedIn: isConfirmed });
    const started = settings.confirmsAutomatically ? sessions.prepare(account.id, device, 'password') : null;
    const person = await storage.transaction(async (stores) => {
      const created = await stores.accounts.insert(account, identity);
      if (created) await adopt(stores, { ...account, isConfirmed: settings.confirmsAutomatically });
      // What stands for the profile of a new account, so that the time tells nothing.
      else await stores.profiles.find(account.id);
      if (created && started !== null) await started.store(stores);
      await audit.record(stores, {
        action: 'user.registered',
        outcome: created ? 'success' : 'failure',
        actor: { type: 'anonymous', id: null },
        ...(created && { subject: { type: 'user', id: account.id } }),
        detail: created ? { provider: PROVIDER } : { reason: 'email_exists' },
      });
      return created && started !== null ? await stores.accounts.findPerson(account.id) : created;
    });
    if (person === false && settings.confirmsAutomatically) throw new ServiceError('email_exists');
    if (started === null || person === null || typeof person === 'boolean') return { session: null };
    return { session: sessions.hand(person, started.session, started.refreshKey) };
  };
}

/** The account of an administrator named by the environment. */
export function createEnsureUser(dependencies: EmbeddedDependencies) {
  const { storage, passwords } = dependencies;
  const drawUp = createAccountDraft(dependencies);

  return async function ensureUser(credentials: Credentials, adopt: Adopt): Promise<EnsuredUser> {
    const { email, password } = credentials;
    const known = await storage.accounts.findPersonByEmail(email);
    if (known === null) {
      const passwordHash = await passwords.hash(password);
      // The operator made it, and vouches for the address.
      const state = { passwordHash, isConfirmed: true, isProved: true };
      const { account, identity } = drawUp({ email, userMetadata: {} }, state);
      const created = await storage.transaction(async (stores) => {
        if (!(await stores.accounts.insert(account, identity))) return false;
        await adopt(stores, { ...account, isConfirmed: true });
        return true;
      });
      if (created) return { ...proofOf(account.id), created: true, isProved: true };
    }
    const found = known ?? (await storage.accounts.findPersonByEmail(email));
    if (found === null) throw new ServiceError('internal', undefined, { cause: 'an account came and went' });
    const isProved = found.account.emailProvedAt !== null;
    return { ...proofOf(found.account.id), created: false, isProved };
  };

  function proofOf(id: string): Pick<EnsuredUser, 'id' | 'isStillProved'> {
    return {
      id,
      async isStillProved(stores) {
        const account = await stores.accounts.lock(id);
        return account !== null && account.emailProvedAt !== null;
      },
    };
  }
}
