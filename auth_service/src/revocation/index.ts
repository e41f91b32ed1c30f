/**
 * revocation: which tokens are good no more before they expire. Owns the rows of what was revoked, a copy of all that
 * still matters in this process's memory, the word of it to the other processes, and the poll that is the net under it.
 * May use: storage (the truth), the messages of kv (to be fast), a logger. Does not: decide who may revoke what, verify
 * tokens, or ask anything over the network when it is asked about a token.
 */
import type { RevocationStore } from '#storage';

export { createRevocations, type RevocationDependencies } from './revocations.ts';

export interface Revocations {
  /**
   * Writes it down in the caller's transaction; once that is committed, this process knows at once, and the others are
   * told. @throws what storage throws.
   */
  revoke(stores: RevokingStores, ...targets: readonly Target[]): Promise<void>;
  /**
   * Whether a token that is otherwise good was revoked. Costs no question to anybody.
   * @throws ServiceError `revocations_unknown` when what this process knows is older than five seconds: who cannot tell
   *   must not say yes.
   */
  isRevoked(token: TokenMarks): boolean;
  /** The same, of the ends of all log-ins of its person, by what stands in the database at this moment. */
  hasEnded(
    stores: { readonly revocations: Pick<RevocationStore, 'listOfUser'> },
    token: TokenMarks & { readonly userId: string },
  ): Promise<boolean>;
  /** The same by what is known, however old that is: for who must go on while nobody can be asked. */
  isKnownRevoked(token: TokenMarks): boolean;
  /** Reads everything, then looks each second for what is new. @throws what storage throws; call it again then. */
  start(): Promise<void>;
  stop(): void;
}

/** Times are those at which the last token that it is about expires; null: it stands until its row is deleted. */
export type Target =
  /** One token, by its `jti`. */
  | { readonly kind: 'token'; readonly id: string; readonly expiresAt: Date }
  /** All tokens of one log-in. */
  | { readonly kind: 'session'; readonly id: string; readonly expiresAt: Date | null }
  /** All that was issued to a client up to now, or up to another time. */
  | { readonly kind: 'client'; readonly id: string; readonly expiresAt: Date; readonly issuedUpTo?: Date }
  /**
   * All log-ins of a person that have begun by now, but for the session that is spared. For where nobody can list them:
   * whole seconds, so that one that begins in this very second counts as well.
   */
  | {
      readonly kind: 'user';
      readonly id: string;
      readonly spared?: string | undefined;
      /** Default: now. */
      readonly begunUpTo?: Date;
      readonly expiresAt: Date | null;
    }
  /**
   * Every token issued up to now, and every log-in of a person that has begun by now, refreshed or not. Refresh tokens of
   * clients beget new ones: who sets this deletes them as well.
   */
  | { readonly kind: 'all'; readonly expiresAt: Date | null };

/** What a token says of itself; what it has not, it leaves out. */
export interface TokenMarks {
  readonly tokenId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly userId?: string | undefined;
  /** When the log-in began, in seconds. Left out: as if at the beginning of time. */
  readonly startedAt?: number | undefined;
  /** `iat`, in seconds. Left out: as if it had been issued at the beginning of time. */
  readonly issuedAt?: number | undefined;
}

/** The part of a transaction that revoking needs. */
export interface RevokingStores {
  readonly revocations: Pick<RevocationStore, 'insertMany'>;
  afterCommit(done: () => void): void;
}

/** Between processes. Nothing is lost with a message: the poll brings what it would have said. */
export interface Messages {
  publish(channel: string, message: string): unknown;
  /** @param onGap messages may have been missed until now */
  subscribe(channel: string, listener: (message: string) => void, onGap: () => void): unknown;
}
