/** The doors of the stores of people; what holds for all stores (faults, ids) is said in `stores.ts`. */
import type {
  Account,
  AccountChange,
  AddressChange,
  DirectoryEntry,
  EffectivePermission,
  LinkedIdentity,
  Person,
  PersonInSession,
  Profile,
  ProfileChange,
  SeenAccount,
  Session,
  Standing,
  SupabaseSession,
} from './person-records.ts';
import type { HeldPage, Listed, Page, SigningKeyStore, Window } from './stores.ts';

/** Accounts that Supabase keeps: what is known of them here, and what its own tables show where they may be read. */
export interface SupabaseAccountStore {
  /**
   * One statement.
   * @param isShared whether this is Supabase's own database, so that a log-in that is not in it has ended
   */
  standing(userId: string, sessionId: string, isShared: boolean): Promise<Standing>;
  /** Why `auth.users` and `auth.sessions` cannot be read; null where they can. One statement. */
  blindness(): Promise<string | null>;
  /** Whether Supabase Auth may call what its access token hook is made of. One statement. */
  hookRights(): Promise<'granted' | 'refused' | 'no role'>;
  /** What the database takes for the time. */
  clock(): Promise<Date>;
  /** Whether the account is in `auth.users`, as it was changed last; only where that can be read. */
  hasUser(userId: string, updatedAt: Date | null): Promise<boolean>;
  /** Whether the log-in is in `auth.sessions`; only where that can be read. */
  hasSession(userId: string, sessionId: string): Promise<boolean>;
  /**
   * Revocations without end of log-ins that are in `auth.sessions` no more get this end: nothing renews them.
   * @returns how many did
   */
  limitEnded(expiresAt: Date): Promise<number>;
  /** Newest first; only where `auth.sessions` can be read. */
  sessions(userId: string): Promise<SupabaseSession[]>;
  /** Keeps what was seen, unless something newer was. @returns false when there is no profile. */
  remember(userId: string, seen: SeenAccount): Promise<boolean>;
  /** The account is there no more. */
  markGone(userId: string, at: Date): Promise<void>;
  /** What was kept. */
  remembered(userId: string): Promise<(SeenAccount & { readonly handedOverAt: Date | null }) | null>;
  /** @param at null: whoever made the change vouches for the address. */
  markHandedOver(userId: string, at: Date | null): Promise<void>;
  /** Profiles for who has none, with these roles. One statement. @returns how many were made. */
  adoptMany(
    people: readonly (Profile & { readonly seen: SeenAccount })[],
    roleNames: readonly string[],
  ): Promise<number>;
}

export interface ProfileStore {
  /** With these roles, as far as they exist. @throws ServiceError `already_exists` for a username that is taken. */
  insert(profile: Profile, roleNames: readonly string[]): Promise<void>;
  find(userId: string): Promise<Profile | null>;
  isUsernameTaken(username: string): Promise<boolean>;
  /** @returns null when there is none. @throws ServiceError `already_exists`. */
  update(userId: string, change: ProfileChange): Promise<Profile | null>;
  /** The roles go with it. */
  delete(userId: string): Promise<boolean>;
}

export interface UserRole {
  readonly roleId: string;
  readonly name: string;
  readonly assignedAt: Date;
}

export interface UserRoleStore {
  /** @returns false when it was there already. @throws ServiceError `not_found` without a profile. */
  add(link: {
    readonly userId: string;
    readonly roleId: string;
    readonly assignedAt: Date;
  }): Promise<boolean>;
  remove(userId: string, roleId: string): Promise<boolean>;
  /** By name. */
  list(userId: string): Promise<UserRole[]>;
  /** One page of them. One statement. */
  page(userId: string, page: HeldPage): Promise<Listed<UserRole>>;
  /** Names of the permissions that come with the person's roles, sorted, usable or not. One statement. */
  carried(userId: string): Promise<string[]>;
  /**
   * The same, nothing for who cannot use them now: deactivated, or, where the account is ours, banned beyond `now`, not
   * confirmed, or logged out of the session that is named. One statement.
   */
  usable(userId: string, sessionId: string | null, now: Date): Promise<string[]>;
  /** Who holds the role, usable or not, oldest grant first. One statement. */
  holders(roleName: string, limit: number): Promise<string[]>;
  /**
   * Whether anybody holds the role who can use it: with an active profile and, where accounts are ours, one that has a
   * confirmed address, no ban that lasts beyond `now`, and a way in: a password, or an identity of another provider than
   * `email`.
   */
  isHeld(roleName: string, now: Date): Promise<boolean>;
}

export interface AccountStore {
  /** Both or none. @returns false for an e-mail that is taken: then nothing is changed, and nothing thrown. */
  insert(account: Account, identity: LinkedIdentity): Promise<boolean>;
  /** One statement. */
  findPerson(userId: string): Promise<Person | null>;
  /** @param email in lower case. One statement. */
  findPersonByEmail(email: string): Promise<Person | null>;
  /**
   * @param expected compare and set: only while the account has this password hash
   * @returns false when nothing was changed
   */
  update(userId: string, change: AccountChange, expected?: Pick<Account, 'passwordHash'>): Promise<boolean>;
  /** The account's row is locked until the transaction ends: no session of the person begins meanwhile. */
  lock(userId: string): Promise<Account | null>;
  /**
   * In the account and in its identity of the provider `email`, with one statement.
   * @returns false when there is no such account. @throws ServiceError `already_exists` for an e-mail that is taken.
   */
  changeAddress(userId: string, change: AddressChange): Promise<boolean>;
  /** Identities and sessions go with it; the profile does not. */
  delete(userId: string): Promise<boolean>;
}

/** What people can be ordered by. */
export type PersonColumn = 'created_at' | 'email';

/** Everybody who has a profile, as administrators see them. */
export interface DirectoryStore {
  /**
   * Newest first where no other order is asked for. `q` searches e-mail, username, first and last name; a text without
   * three letters or digits in a row is looked for at the beginning of e-mail and username.
   */
  list(page: Page<PersonColumn>): Promise<Listed<DirectoryEntry>>;
  /** One statement. */
  find(userId: string): Promise<DirectoryEntry | null>;
  /** By name; what tokens say now: none for who is deactivated. One statement. */
  effectivePermissions(userId: string): Promise<EffectivePermission[]>;
}

export interface SessionStore {
  insert(session: Session): Promise<void>;
  /** For bearers: one statement. Null as well when the session is another person's. */
  findLive(sessionId: string, userId: string): Promise<PersonInSession | null>;
  /** The session's row is locked until the transaction ends. */
  lock(sessionId: string): Promise<Session | null>;
  advance(
    sessionId: string,
    change: Pick<Session, 'refreshCounter' | 'sealedRefreshKey'> & { readonly at: Date },
  ): Promise<boolean>;
  /** Newest first. */
  list(userId: string): Promise<Session[]>;
  /** As `list`, in pages. One statement. */
  page(userId: string, window: Window): Promise<Listed<Session>>;
  /** All of the person's, or only one, or all but one. @returns the ids of those that ended. */
  end(userId: string, which?: { readonly only?: string; readonly except?: string }): Promise<string[]>;
}

export interface PersonStores {
  readonly profiles: ProfileStore;
  readonly userRoles: UserRoleStore;
  readonly accounts: AccountStore;
  readonly sessions: SessionStore;
  readonly supabaseAccounts: SupabaseAccountStore;
  readonly directory: DirectoryStore;
  /** What signs for people, apart from what signs for machines. */
  readonly personKeys: SigningKeyStore;
}
