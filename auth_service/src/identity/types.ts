import type { Listed, Stores, TransactionStores, Window } from '#storage';

/** Where a request came from, for the list of devices. */
export interface Device {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** GoTrue's user, as it is served (snake_case on purpose: this is the wire). */
export interface User {
  readonly id: string;
  readonly aud: string;
  readonly role: string;
  readonly email: string;
  readonly email_confirmed_at?: string;
  readonly phone: string;
  readonly confirmed_at?: string;
  readonly last_sign_in_at?: string;
  readonly app_metadata: Readonly<Record<string, unknown>>;
  readonly user_metadata: Readonly<Record<string, unknown>>;
  readonly identities: readonly UserIdentity[];
  readonly created_at: string;
  readonly updated_at: string;
  readonly banned_until?: string;
  readonly is_anonymous: boolean;
}

export interface UserIdentity {
  readonly identity_id: string;
  readonly id: string;
  readonly user_id: string;
  readonly identity_data: Readonly<Record<string, unknown>>;
  readonly provider: string;
  readonly last_sign_in_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly email?: string;
}

/** GoTrue's session. Both tokens are secrets. */
export interface UserSession {
  readonly access_token: string;
  readonly token_type: 'bearer';
  /** Seconds. */
  readonly expires_in: number;
  /** Unix time, seconds. */
  readonly expires_at: number;
  readonly refresh_token: string;
  readonly user: User;
}

/** A person whose access token was checked against what is stored now. */
export interface UserPrincipal {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
  readonly email: string;
  readonly aal: 'aal1' | 'aal2' | 'aal3';
  /** Newest first; times are Unix seconds. */
  readonly amr: readonly { readonly method: string; readonly timestamp: number }[];
  /** What they say about themselves. */
  readonly userMetadata: Readonly<Record<string, unknown>>;
  /** Names, as they are now; the token can only have said more. */
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

/** A principal with the token that proves it: what GoTrue wants to see for each request of a person. */
export interface Bearer {
  readonly principal: UserPrincipal;
  readonly accessToken: string;
}

export interface PersonSession {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly aal: string;
}

export interface DeviceSession extends PersonSession {
  /** The one that asks. */
  readonly current: boolean;
}

export interface Credentials {
  /** In the one spelling of `normalizeEmail`. */
  readonly email: string;
  readonly password: string;
}

/** Done with the new account in the transaction that makes it, where there is one. */
export type Adopt = (stores: Stores, user: NewUser) => Promise<void>;

export interface NewUser {
  readonly id: string;
  readonly email: string;
  readonly isConfirmed: boolean;
}

/**
 * Who keeps the accounts. The embedded server and Supabase stand behind the same verbs; each can be had from GoTrue
 * over HTTP with the person's own token.
 */
export interface IdentityProvider {
  readonly kind: 'embedded' | 'supabase';
  /**
   * A known e-mail looks and costs like a new one where accounts wait for confirmation: session and user are null.
   * @throws ServiceError `email_exists` where accounts confirm themselves; `overloaded`; what `adopt` throws.
   */
  signUp(
    credentials: Credentials & { readonly userMetadata: Readonly<Record<string, unknown>> },
    device: Device,
    adopt: Adopt,
  ): Promise<{ session: UserSession | null }>;
  /** @throws ServiceError `invalid_credentials`, `email_not_confirmed`, `overloaded`. */
  signIn(credentials: Credentials, device: Device): Promise<UserSession>;
  /** @throws ServiceError `refresh_token_not_found`, `refresh_token_already_used`. */
  refresh(refreshToken: string, device?: Device): Promise<UserSession>;
  /** @throws ServiceError `invalid_token`. */
  verify(accessToken: string): Promise<UserPrincipal>;
  /** @returns the ids of the sessions that ended. */
  signOut(bearer: Bearer, scope: SignOutScope): Promise<string[]>;
  /**
   * Ends the other sessions. Of two changes at once by the same proof one wins.
   * @throws ServiceError `reauthentication_needed`, `current_password_invalid`, `same_password`, `weak_password`;
   *   `invalid_token` when the session ended meanwhile.
   */
  updatePassword(bearer: Bearer, change: PasswordChange): Promise<void>;
  /** @throws ServiceError `sessions_not_readable` where the keeper shows them to nobody. */
  listSessions(bearer: Bearer): Promise<DeviceSession[]>;
  /** @returns false when the person has no such session. */
  endSession(bearer: Bearer, sessionId: string): Promise<boolean>;
  /**
   * @param forget done in the same transaction, where there is one
   * @throws ServiceError `invalid_token` when the account is gone already.
   */
  deleteUser(bearer: Bearer, forget: (stores: TransactionStores) => Promise<boolean>): Promise<void>;
  /** Of somebody who was let in just now. */
  own(principal: UserPrincipal): OwnAccount;
  /** Finds the account, or makes it, its e-mail confirmed. An account that is there keeps its password. */
  ensureUser(credentials: Credentials, adopt: Adopt): Promise<EnsuredUser>;
  readonly administration: AccountAdministration;
}

/**
 * What others than its holder do to an account: in the caller's transaction, where accounts are kept in the same
 * database; otherwise just before its commit. Who may, is asked before; what is recorded of it, the caller records. Rows
 * are taken in this order: the profile's, the account's, those of sessions.
 */
export interface AccountAdministration {
  /** Whether what stands in our database of an account is what was seen of it last. */
  readonly isElsewhere: boolean;
  /** Around a transaction of these verbs: not too many at a time, where somebody else is waited for in it. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** What takes its time (a hash), before the transaction. @throws ServiceError `overloaded`. */
  preparePassword(password: string): Promise<PreparedPassword>;
  /** @throws ServiceError `email_exists`. */
  create(stores: TransactionStores, account: NewAccount): Promise<NewUser>;
  /** Whether there is one or not. What has to be asked of others is asked now, before the transaction. */
  reach(userId: string): Promise<ReachedAccount>;
  /** Newest first. @throws ServiceError `sessions_not_readable`. */
  listSessions(userId: string, window: Window): Promise<Listed<PersonSession>>;
}

/** The account of the person themselves, as far as their profile needs it. */
export interface OwnAccount {
  /** Null: there is none any more. */
  find(stores: TransactionStores): Promise<KnownAccount | null>;
}

export interface ReachedAccount extends OwnAccount {
  /** Keeps what was seen of it, where that is not in our database anyway. */
  settle(stores: TransactionStores): Promise<void>;
  /** @returns false when there is no such account. @throws ServiceError `email_exists`. */
  update(stores: TransactionStores, change: AccountUpdate): Promise<boolean>;
  /** With its sessions. @returns false when there was none. */
  delete(stores: TransactionStores): Promise<boolean>;
  /** All of them, also one that is beginning. @returns their ids, as far as they are known. */
  endSessions(stores: TransactionStores): Promise<string[]>;
}

export interface KnownAccount extends NewUser {
  /** What its holder says about themselves. */
  readonly userMetadata: Readonly<Record<string, unknown>>;
}

/** As the provider wants to be given it. A secret. */
export interface PreparedPassword {
  readonly prepared: string;
}

export interface NewAccount {
  /** In the one spelling of `normalizeEmail`. */
  readonly email: string;
  /** Null: nobody can log in with a password. */
  readonly password: PreparedPassword | null;
  /** Undefined: as it is with those who register. */
  readonly isConfirmed: boolean | undefined;
  readonly isVouchedFor: boolean;
  readonly userMetadata: Readonly<Record<string, unknown>>;
}

/** What is left out stays. */
export interface AccountUpdate {
  readonly email?: string;
  readonly password?: PreparedPassword;
  readonly isConfirmed?: boolean;
  /** Null: not any more. */
  readonly bannedUntil?: Date | null;
  /**
   * Whether who makes the change may say that the address is its holder's, as a mail that was answered does. Where not,
   * a new address or password takes the proof away: whoever chose it holds the account now.
   */
  readonly isVouchedFor: boolean;
}

export type SignOutScope = 'local' | 'global' | 'others';

export interface PasswordChange {
  readonly newPassword: string;
  readonly currentPassword?: string | undefined;
}

export interface EnsuredUser {
  readonly id: string;
  readonly created: boolean;
  /** Whether its holder proved to own the e-mail. An account that confirmed itself has proved nothing. */
  readonly isProved: boolean;
  /** The same, asked once more: the account may have changed hands since. */
  isStillProved(stores: TransactionStores): Promise<boolean>;
}
