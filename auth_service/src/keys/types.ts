import type { AsymmetricAlgorithm, Sealer } from '#crypto';
import type { Logger } from '#observability';
import type { SigningKey, Storage, TransactionStores } from '#storage';

export interface KeyRingDependencies {
  readonly storage: Pick<Storage, RingTable | 'transaction'>;
  /** Which of the rings: what signs for machines never signs for people. Default: `signingKeys`, the machines'. */
  readonly table?: RingTable;
  readonly sealer: Sealer;
  /** Of the key that signs. Keys of another algorithm retire at `load`. */
  readonly algorithm: AsymmetricAlgorithm;
  /** The longest a token of the service may live. A client's own lifetime, up to 86400, is allowed for anyway. */
  readonly tokenLifetimeSeconds: number;
  readonly now: () => Date;
  readonly logger: Logger;
  /** Called for each key that is made, in the transaction that stores it. */
  readonly onKeyCreated?: (stores: TransactionStores, key: SigningKeySummary) => Promise<void>;
}

/** The store that holds a ring; its name is that of its lock, too. */
export type RingTable = 'signingKeys' | 'personKeys';

export interface KeyRing {
  /**
   * Opens every stored key and brings the ring in order, in one transaction under the lock of its table: one active
   * and one next key of the algorithm, made when missing; keys of another algorithm retired; the retired ones whose
   * tokens are gone deleted; what a previous encryption key sealed sealed with the current one.
   * @throws ServiceError `encryption_key_mismatch` when no configured key opens a stored one, `sealed_data_damaged`
   *   when one is there but the text was altered: nothing is changed or made then; and storage's own.
   */
  load(): Promise<void>;
  /**
   * JWS compact form, signed by the active key; its `kid` and the `typ` go into the header. Synchronous.
   * @throws ServiceError `starting` before `load`
   */
  signToken(claims: Record<string, unknown>, typ: string): string;
  /**
   * RFC 7517 §5: active, next and retired keys, at most 5 s old. While storage fails, what was last known.
   * @throws ServiceError `starting` before `load`
   */
  jwks(): Promise<{ keys: PublicJwk[] }>;
  /** Null: not a key of the ring, as far as is known here, or its tokens have all expired. */
  findKey(kid: string): VerificationKey | null;
  /** Active first, then next, then retired. */
  list(): SigningKeySummary[];
}

/** What may be known of a signing key: everything but the key. */
export type SigningKeySummary = Pick<
  SigningKey,
  'kid' | 'algorithm' | 'state' | 'createdAt' | 'activatedAt' | 'retiredAt' | 'expiresAt'
>;

/** RFC 7517 §4 and the public members of RFC 7518 §6 or RFC 8037 §2. */
export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: AsymmetricAlgorithm;
  readonly key_ops: readonly ['verify'];
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

export interface SharedSecretKeys {
  /** JWS compact form, HS256 with the current secret, without `kid`. */
  signToken(claims: Record<string, unknown>, typ: string): string;
  /** The current secret and, where there is one, the previous. */
  readonly keys: readonly VerificationKey[];
}

/** A key with the one algorithm it is for: the header of a token never chooses. */
export interface VerificationKey {
  /** Null: tokens need not name it. */
  readonly kid: string | null;
  readonly algorithm: 'HS256' | AsymmetricAlgorithm;
  /** False for whatever is no signature, too; never throws. */
  verify(data: Buffer | string, signature: Buffer): boolean;
}

/** Which tokens of one issuer are taken. */
export interface TokenPolicy {
  /** Must be the token's `iss`; or several, null for none at all. */
  readonly issuer: string | readonly (string | null)[];
  /** Must be the token's `aud` or one of them. Null: whoever it is for. */
  readonly audience: string | null;
  /** Media type with or without `application/`, as in `at+jwt`; or several, null for none at all. */
  readonly typ: string | readonly (string | null)[];
  /** @param kid undefined when the token names none */
  findKeys(kid: string | undefined): readonly VerificationKey[];
  /** How far clocks may differ: allowed for `exp`, `nbf` and `iat`. */
  readonly clockToleranceSeconds: number;
}

/** Claims whose form has been checked (RFC 7519 §4.1); all others are as they came. Times are in seconds. */
export interface JwtClaims {
  readonly iss?: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly sub?: string;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

/** Well-formed, and nothing more: nobody has vouched for it. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}
