/** What the stores of people take and give. Times are `Date`, ids are UUID text. */

export interface Profile {
  readonly userId: string;
  readonly email: string;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly isActive: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type ProfileChange = Partial<
  Pick<Profile, 'username' | 'firstName' | 'lastName' | 'isActive' | 'email'>
> & {
  readonly updatedAt: Date;
};

/** What was last seen of an account that Supabase keeps. */
export interface SeenAccount {
  readonly email: string;
  readonly confirmedAt: Date | null;
  readonly bannedUntil: Date | null;
  readonly lastSignInAt: Date | null;
  /** By Supabase's clock. Null: it is not what Supabase said, but what it is about to be told. */
  readonly updatedAt: Date | null;
}

/** An account of the embedded identity server. */
export interface Account {
  readonly id: string;
  /** In lower case. */
  readonly email: string;
  readonly passwordHash: string | null;
  /** When the account may be used; where accounts confirm themselves, nobody has proved anything by then. */
  readonly emailConfirmedAt: Date | null;
  /** When its holder proved to read mail sent there, or the operator vouched for it. */
  readonly emailProvedAt: Date | null;
  readonly lastSignInAt: Date | null;
  readonly bannedUntil: Date | null;
  readonly appMetadata: Readonly<Record<string, unknown>>;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type AccountChange = Partial<
  Pick<
    Account,
    'passwordHash' | 'emailConfirmedAt' | 'emailProvedAt' | 'lastSignInAt' | 'bannedUntil' | 'userMetadata'
  >
> & { readonly updatedAt: Date };

/** One way in to an account: the e-mail address, or an account elsewhere. */
export interface LinkedIdentity {
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  /** The account's id at the provider; for `email` the user's own. */
  readonly providerId: string;
  readonly identityData: Readonly<Record<string, unknown>>;
  readonly email: string | null;
  readonly lastSignInAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** RFC 8176 in GoTrue's words: how and when (seconds) the person proved who they are. */
export interface AuthenticationMethod {
  readonly method: string;
  readonly timestamp: number;
}

export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly aal: 'aal1' | 'aal2' | 'aal3';
  /** Newest first. */
  readonly amr: readonly AuthenticationMethod[];
  readonly sealedRefreshKey: string;
  readonly refreshCounter: number;
  readonly refreshedAt: Date | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a person may do, as it stands: the roles they hold, or the default where no profile says otherwise. */
export interface PersonRights {
  /** Names, sorted by code point. */
  readonly roles: string[];
  readonly permissions: string[];
}

/** What a person of Supabase's holds here, and how their log-in stands there, where that may be looked at. */
export interface Standing extends PersonRights {
  /** Null: born elsewhere, and not seen here yet. */
  readonly profile: Profile | null;
  readonly login: 'alive' | 'ended' | 'not visible';
  /** As far as was seen of the account. */
  readonly isBanned: boolean;
}

/** A log-in of Supabase's. */
export interface SupabaseSession {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly aal: string;
}

/** All that is known of a person, read at one instant in one statement. */
export interface Person extends PersonRights {
  readonly account: Account;
  readonly identities: LinkedIdentity[];
  /** Null: born elsewhere, and not seen here yet. */
  readonly profile: Profile | null;
}

export interface PersonInSession extends Person {
  readonly session: Session;
}

/** A person as administrators see them: the profile, with what matters of the account where it is ours. */
export interface DirectoryEntry extends Profile {
  readonly emailConfirmedAt: Date | null;
  readonly bannedUntil: Date | null;
  readonly lastSignInAt: Date | null;
  /** Names of those that were given, by name, whether or not the person can use them now. */
  readonly roles: string[];
}

/** A permission, with the names of the roles it comes from. */
export interface EffectivePermission {
  readonly name: string;
  readonly roles: string[];
}

/** The address of an account, and when it was confirmed. */
export type AddressChange = Pick<Account, 'email' | 'emailConfirmedAt' | 'updatedAt'>;
