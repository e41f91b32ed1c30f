/**
 * identity: people, their accounts, sessions and profiles. Owns the port behind which accounts are kept, the embedded
 * identity server (passwords, sessions, refresh tokens, the tokens of people), profiles, what administrators do to
 * people, and the first administrator.
 * May use: storage, keys (the ring of people), crypto, audit, rbac (who may change whom, the last administrator). Does
 * not: speak HTTP, know machines, grant roles but to who is new, or limit how often it is asked.
 */
import { createEmbeddedProvider } from './embedded/provider.ts';
import type { SupabaseDependencies, SupabaseSettings } from './supabase/dependencies.ts';
import type { SupabaseProvider } from './supabase/provider.ts';

export type {
  NewUserInput,
  UserAdministration,
  UserAdministrationDependencies,
  UserChange,
} from './administration/types.ts';
export { createUserAdministration } from './administration/user-administration.ts';
export { bootstrapAdministrator } from './administrator.ts';
export type { EmbeddedDependencies, EmbeddedSettings } from './embedded/dependencies.ts';
export { createPasswords, type Passwords } from './passwords/passwords.ts';
export { createStrengthRules, type StrengthRules } from './passwords/strength.ts';
export { createPeople, type People, type PeopleDependencies, type PersonProfile } from './people.ts';
export type { NewPerson, ProfileInput } from './profile-input.ts';
export type {
  Bearer,
  Device,
  DeviceSession,
  IdentityProvider,
  PasswordChange,
  PersonSession,
  SignOutScope,
  User,
  UserPrincipal,
  UserSession,
} from './types.ts';
export type { SupabaseDependencies, SupabaseProvider, SupabaseSettings };
export { createEmbeddedProvider };

/** Its libraries are read only where they are needed. */
export async function loadSupabaseProvider(): Promise<
  (dependencies: SupabaseDependencies) => SupabaseProvider
> {
  return (await import('./supabase/provider.ts')).createSupabaseProvider;
}
