/**
 * declaration: roles, permissions, grants and clients as a file that lives in git. Owns the form of the file, the
 * difference between it and what is there, and carrying that difference out, all or nothing.
 * May use: rbac and oauth, whose verbs it calls within one transaction, and storage to read what is there.
 * Does not: hold a rule about names, rights or clients, know people, or read and write files.
 */

import type { Clients, NewClientInput } from '#oauth';
import type { Authority, Rbac } from '#rbac';
import type { Storage } from '#storage';
import { createDeclaration } from './apply.ts';

export { readDocument, renderDocument } from './document.ts';
export { createDeclaration };

export interface DeclarationDependencies {
  readonly storage: Storage;
  /** The verbs over whatever stands for storage here: a transaction that is open already. */
  readonly openRooms: (storage: Storage) => Rooms;
}

export interface Rooms {
  readonly rbac: Rbac;
  readonly clients: Clients;
}

/** What a file says. A part that is left out (undefined) is none of its business. */
export interface Declared {
  readonly permissions?: readonly DeclaredPermission[];
  readonly roles?: readonly DeclaredRole[];
  readonly clients?: readonly DeclaredClient[];
}

export interface DeclaredPermission {
  readonly name: string;
  readonly description?: string | null;
}

export interface DeclaredRole {
  readonly name: string;
  readonly description?: string | null;
  /** All that it holds. */
  readonly permissions?: readonly string[];
}

/** Without an id it is the one client of this name, or a new one. `roles` are all that it holds. */
export type DeclaredClient = Omit<NewClientInput, 'importedSecretHash' | 'makesSecret'>;

export interface Change {
  readonly verb: 'create' | 'update' | 'delete';
  readonly noun: 'permission' | 'role' | 'client';
  /** Of a client, its name. */
  readonly name: string;
  /** Of clients that are there, and of new ones once they are made. */
  readonly clientId?: string;
  /** What differs, but for grants. */
  readonly fields: readonly FieldChange[];
  /** Names of permissions (roles) or roles (clients) that it gets and loses. */
  readonly granted: readonly string[];
  readonly revoked: readonly string[];
}

export interface FieldChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface ApplyOptions {
  /** Finds out and says what would be done, then undoes it. */
  readonly dryRun?: boolean;
  /** Also deletes what the file leaves out of the parts it has; built-ins stay. */
  readonly prune?: boolean;
  /** Deletes what is still held by somebody, too. */
  readonly force?: boolean;
}

export interface Declaration {
  /**
   * Makes what is there as the file says, or changes nothing. Clients are made without a secret.
   * @returns what was, or would be, done
   * @throws ServiceError as the verbs of rbac and oauth do, the message naming what was being changed.
   */
  apply(by: Authority, declared: Declared, options?: ApplyOptions): Promise<Change[]>;
  /** What is there, in the order of names. Applied again it changes nothing. */
  export(): Promise<Declared>;
}
