import type { Authority } from '#rbac';
import type { SupabaseIdentity } from './build-supabase-identity.ts';
import { anEmail, DEVICE, newPerson, PASSWORD, signInAs } from './conformance/under-test.ts';

export const SYSTEM: Authority = { type: 'system', id: null };
export const NEW_PASSWORD = 'another battery horse staple';

/** Each verb that asks GoTrue, made ready while it is well; called, it asks. */
export async function prepareVerbs(identity: SupabaseIdentity) {
  const { people, users } = identity;
  const one = await newPerson(identity);
  const other = await signInAs(identity, one);
  const [changed, banned, deleted] = [
    await newPerson(identity),
    await newPerson(identity),
    await newPerson(identity),
  ];
  const leaving = await newPerson(identity);
  const email = anEmail();
  return {
    people: { one, other, changed, banned, deleted, leaving, email },
    verbs: {
      register: () =>
        people.register({ email, password: PASSWORD, username: `u${crypto.randomUUID()}` }, DEVICE),
      login: () => people.login(one, DEVICE),
      refresh: () => people.refresh(one.session.refresh_token, DEVICE),
      logout: () => people.logout(other.bearer, 'local'),
      'logout everywhere else': () => people.logout(one.bearer, 'others'),
      'password update': () =>
        people.updatePassword(one.bearer, { newPassword: NEW_PASSWORD, currentPassword: one.password }),
      'deletion of oneself': () => people.deleteAccount(leaving.bearer),
      'creation of a user': () => users.create(SYSTEM, { email: `created-${email}`, password: PASSWORD }),
      'update of a user': () => users.update(SYSTEM, changed.userId, { email: `changed-${email}` }),
      ban: () => users.ban(SYSTEM, banned.userId),
      'deletion of a user': () => users.delete(SYSTEM, deleted.userId),
      'look at a user': () => users.find(changed.userId),
      backfill: () => identity.provider.backfill(),
    } satisfies Record<string, () => Promise<unknown>>,
  };
}

export type Prepared = Awaited<ReturnType<typeof prepareVerbs>>;
