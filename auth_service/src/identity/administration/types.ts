import type { Audit } from '#audit';
import type { Authority, Precondition } from '#rbac';
import type {
  DirectoryEntry,
  EffectivePermission,
  Listed,
  Page,
  PersonColumn,
  Storage,
  Window,
} from '#storage';
import type { StrengthRules } from '../passwords/strength.ts';
import type { ProfileInput } from '../profile-input.ts';
import type { IdentityProvider, PersonSession } from '../types.ts';

export interface UserAdministrationDependencies {
  readonly provider: Pick<IdentityProvider, 'administration'>;
  readonly storage: Pick<
    Storage,
    'directory' | 'roles' | 'rolePermissions' | 'userRoles' | 'transaction' | 'transactionUnder'
  >;
  readonly audit: Pick<Audit, 'record'>;
  readonly strength: StrengthRules;
  readonly now: () => Date;
}

/** What others do to people. Every change throws ServiceError `exceeds_own_rights` where the authority holds less. */
export interface UserAdministration {
  list(page: Page<PersonColumn>): Promise<Listed<DirectoryEntry>>;
  /** As they are now; where their keeper cannot be asked, as they were when last seen. @throws ServiceError `not_found`. */
  find(userId: string): Promise<DirectoryEntry>;
  /** Gives somebody who has an account, and none here yet, their profile. @throws ServiceError `not_found`. */
  meet(userId: string): Promise<void>;
  /** Before an administrator's role is taken: who else holds it may be banned or gone where accounts are kept. */
  lookAtAdministrators(): Promise<void>;
  /**
   * With the default role and those that are assigned.
   * @throws ServiceError `validation_failed`, `weak_password`, `username_taken`, `email_exists`, `overloaded`.
   */
  create(by: Authority, input: NewUserInput): Promise<DirectoryEntry>;
  /**
   * What is left out stays; null empties a name. A new password, deactivation and a confirmation that is taken back end
   * the person's sessions; a confirmation gives them the username that waited for it, where nobody has it. Nobody
   * changes their own e-mail or password here: an access token alone must not be enough to take an account over.
   * @throws ServiceError as `create`; `not_found`, `own_credentials`, `last_administrator`, and what the precondition
   *   throws.
   */
  update(
    by: Authority,
    userId: string,
    input: UserChange,
    precondition?: Precondition<DirectoryEntry>,
  ): Promise<DirectoryEntry>;
  /** Account, sessions, profile and roles. @throws ServiceError `not_found`, `last_administrator`. */
  delete(by: Authority, userId: string): Promise<DirectoryEntry>;
  /**
   * Ends the sessions as well.
   * @param duration in Go's spelling; default: for ever
   * @throws ServiceError `validation_failed`, `not_found`, `last_administrator`.
   */
  ban(by: Authority, userId: string, duration?: string): Promise<DirectoryEntry>;
  /** @throws ServiceError `not_found`. */
  unban(by: Authority, userId: string): Promise<DirectoryEntry>;
  /** Ends all sessions. @returns their ids. @throws ServiceError `not_found`. */
  logOut(by: Authority, userId: string): Promise<string[]>;
  /** Newest first. @throws ServiceError `not_found`. */
  sessions(userId: string, window: Window): Promise<Listed<PersonSession>>;
  /** By name; none for who is deactivated. @throws ServiceError `not_found`. */
  permissions(userId: string): Promise<EffectivePermission[]>;
}

export interface UserChange extends ProfileInput {
  readonly email?: string | undefined;
  readonly password?: string | undefined;
  readonly isActive?: boolean | undefined;
  readonly isConfirmed?: boolean | undefined;
}

export interface NewUserInput extends UserChange {
  readonly email: string;
  /** Names. */
  readonly roles?: readonly string[] | undefined;
}
