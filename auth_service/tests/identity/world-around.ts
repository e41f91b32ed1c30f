import type { EmbeddedDependencies } from '#identity';
import type { Person, Storage } from '#storage';
import { createAccessTokens } from '../../src/identity/embedded/access-tokens.ts';
import { createSessionStart } from '../../src/identity/embedded/session-start.ts';
import type { TestClock } from '../support/clock.ts';
import { DEVICE, type IdentityUnderTest } from './conformance/under-test.ts';

const FOR_LONG_MS = 365 * 86_400_000;

/** What mails and administrators do to accounts of the embedded server. */
export function worldAround(
  dependencies: EmbeddedDependencies & { readonly storage: Storage },
  clock: TestClock,
): Omit<IdentityUnderTest, 'provider' | 'people'> {
  const { storage, settings, ring, now } = dependencies;
  const accessTokens = createAccessTokens({
    ring,
    issuer: settings.issuer,
    lifetimeSeconds: settings.accessTokenLifetimeSeconds,
    now,
  });
  const sessions = createSessionStart(dependencies, accessTokens);
  const change = async (userId: string, bannedUntil: Date | null) => {
    await storage.accounts.update(userId, { bannedUntil, updatedAt: now() });
  };

  return {
    async confirm(email) {
      const { account } = await personOf(storage, email);
      await storage.accounts.update(account.id, {
        emailConfirmedAt: now(),
        emailProvedAt: now(),
        updatedAt: now(),
      });
    },
    async recover(email) {
      const person = await personOf(storage, email);
      const { session, refreshKey, store } = sessions.prepare(person.account.id, DEVICE, 'recovery');
      await storage.transaction(store);
      return sessions.hand(person, session, refreshKey);
    },
    ban: (userId) => change(userId, new Date(now().getTime() + FOR_LONG_MS)),
    unban: (userId) => change(userId, null),
    async deactivate(userId) {
      await storage.profiles.update(userId, { isActive: false, updatedAt: now() });
    },
    pass: async (seconds) => clock.advance(seconds),
  };
}

async function personOf({ accounts }: Pick<Storage, 'accounts'>, email: string): Promise<Person> {
  const person = await accounts.findPersonByEmail(email);
  if (person === null) throw new Error('nobody has this address');
  return person;
}
