import type { Audit } from '#audit';
import { ServiceError } from '#errors';
import { ADMIN_ROLE, keepAnAdministrator } from '#rbac';
import type { Profile, Storage, TransactionStores } from '#storage';
import { adoptAs, adoptAtFirstSight, adoptNow, type ProfileNames, takenMeansUsername } from './adoption.ts';
import { requireEmail } from './email-address.ts';
import { lookAtAdministrators } from './look-at-administrators.ts';
import type { StrengthRules } from './passwords/strength.ts';
import {
  type NewPerson,
  type ProfileInput,
  readNames,
  readNewPerson,
  userMetadata,
} from './profile-input.ts';
import type {
  Bearer,
  Device,
  DeviceSession,
  IdentityProvider,
  PasswordChange,
  SignOutScope,
  UserPrincipal,
  UserSession,
} from './types.ts';

/** How old the newest proof of who it is may be where the account itself is at stake. */
const FRESH_LOGIN_SECONDS = 600;

export interface PeopleDependencies {
  readonly provider: IdentityProvider;
  readonly storage: Pick<Storage, 'profiles' | 'userRoles' | 'transaction'>;
  readonly audit: Audit;
  readonly strength: StrengthRules;
  readonly now: () => Date;
}

/** A profile with what the person may do, as they are now. */
export interface PersonProfile extends Profile {
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

export interface People {
  /**
   * @throws ServiceError `validation_failed`, `weak_password`, `username_taken` (looked at before the e-mail),
   *   `email_exists` only where accounts confirm themselves, `overloaded`.
   */
  register(
    input: NewPerson,
    device: Device,
  ): Promise<{ session: UserSession | null; profile: PersonProfile | null }>;
  /** @throws ServiceError `invalid_credentials`, `email_not_confirmed`, `overloaded`. */
  login(input: { readonly email: string; readonly password: string }, device: Device): Promise<UserSession>;
  /** @throws ServiceError `refresh_token_not_found`, `refresh_token_already_used`. */
  refresh(refreshToken: string, device?: Device): Promise<UserSession>;
  logout(bearer: Bearer, scope: SignOutScope): Promise<void>;
  /** @throws ServiceError `invalid_token`: forged, expired, ended, or of an account that may not be used. */
  verify(accessToken: string): Promise<UserPrincipal>;
  /** @throws ServiceError `not_found`. */
  profile(principal: UserPrincipal): Promise<PersonProfile>;
  /** @throws ServiceError `validation_failed`, `username_taken`, `not_found`. */
  updateProfile(principal: UserPrincipal, input: ProfileInput): Promise<PersonProfile>;
  /**
   * Account, sessions, profile and roles.
   * @throws ServiceError `reauthentication_needed` without a fresh login, `last_administrator`.
   */
  deleteAccount(bearer: Bearer): Promise<void>;
  /** @throws ServiceError `weak_password`, `same_password`, `reauthentication_needed`, `current_password_invalid`. */
  updatePassword(bearer: Bearer, change: PasswordChange): Promise<void>;
  sessions(bearer: Bearer): Promise<DeviceSession[]>;
  /** @throws ServiceError `not_found`. */
  endSession(bearer: Bearer, sessionId: string): Promise<void>;
}

export function createPeople(dependencies: PeopleDependencies): People {
  const { provider, storage, audit, strength, now } = dependencies;

  async function firstProfileOf(principal: UserPrincipal): Promise<Profile | null> {
    const { userId } = principal;
    await adoptNow(dependencies, userId, provider.own(principal));
    return await storage.profiles.find(userId);
  }

  async function changeNames(
    stores: TransactionStores,
    principal: UserPrincipal,
    given: ProfileNames,
  ): Promise<Profile> {
    const { userId } = principal;
    const change = { ...given, updatedAt: now() };
    const attempt = () => takenMeansUsername(() => stores.profiles.update(userId, change));
    const changed = await attempt();
    if (changed !== null) return changed;
    await adoptAtFirstSight(dependencies, stores, userId, provider.own(principal));
    const adopted = await attempt();
    if (adopted === null) throw new ServiceError('not_found');
    return adopted;
  }

  return {
    async register(input, device) {
      const person = readNewPerson(input);
      await strength.requireStrength(input.password, person.email, 'password');
      const { username } = person;
      if (username !== null && (await storage.profiles.isUsernameTaken(username))) {
        throw new ServiceError('username_taken');
      }
      const metadata = userMetadata(person);
      const credentials = { email: person.email, password: input.password, userMetadata: metadata };
      const { session } = await provider.signUp(credentials, device, adoptAs(person, now));
      if (session === null) return { session, profile: null };
      const { id, app_metadata: held } = session.user;
      const profile = await storage.profiles.find(id);
      if (profile === null) throw new ServiceError('not_found');
      return {
        session,
        profile: { ...profile, roles: names(held.roles), permissions: names(held.permissions) },
      };
    },

    async login({ email, password }, device) {
      return await provider.signIn({ email: requireEmail(email), password }, device);
    },

    refresh: (refreshToken, device) => provider.refresh(refreshToken, device),
    verify: (accessToken) => provider.verify(accessToken),
    async logout(bearer, scope) {
      await provider.signOut(bearer, scope);
    },

    async profile(principal) {
      const { userId, roles, permissions } = principal;
      const profile = (await storage.profiles.find(userId)) ?? (await firstProfileOf(principal));
      if (profile === null) throw new ServiceError('not_found');
      return { ...profile, roles, permissions };
    },

    async updateProfile(principal, input) {
      const names = readNames(input);
      const { userId, roles, permissions } = principal;
      const updated = await storage.transaction(async (stores) => {
        const profile = await changeNames(stores, principal, names);
        await audit.record(stores, {
          action: 'user.profile_updated',
          actor: { type: 'user', id: userId },
          subject: { type: 'user', id: userId },
          detail: { fields: Object.keys(names) },
        });
        return profile;
      });
      return { ...updated, roles, permissions };
    },

    async deleteAccount(bearer) {
      const [newest] = bearer.principal.amr;
      const age = now().getTime() / 1000 - (newest?.timestamp ?? 0);
      if (age > FRESH_LOGIN_SECONDS) {
        throw new ServiceError('reauthentication_needed', 'This needs a fresh login. Log in again first.');
      }
      if (bearer.principal.roles.includes(ADMIN_ROLE)) await lookAtAdministrators(dependencies);
      await provider.deleteUser(bearer, (stores) =>
        keepAnAdministrator(stores, now(), () => stores.profiles.delete(bearer.principal.userId)),
      );
    },

    async updatePassword(bearer, change) {
      await strength.requireStrength(change.newPassword, bearer.principal.email, 'new_password');
      await provider.updatePassword(bearer, change);
    },

    sessions: (bearer) => provider.listSessions(bearer),

    async endSession(bearer, sessionId) {
      if (!(await provider.endSession(bearer, sessionId))) throw new ServiceError('not_found');
    },
  };
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
