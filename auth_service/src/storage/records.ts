/** What the stores take and give: rows in the words of the domain. Times are `Date`, ids are UUID text. */

import type { JsonWebKey } from 'node:crypto';

export interface Client {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly isActive: boolean;
  readonly allowedCallbackUrls: string[];
  readonly allowedResources: string[];
  /** RFC 7591 §2; null: any method the client has a credential for. */
  readonly tokenEndpointAuthMethod: string | null;
  /** null: the service's own lifetime. */
  readonly tokenLifetimeSeconds: number | null;
  /** Such as `600/minute`, or `off`. Null: as the service is set. */
  readonly rateLimit: string | null;
  /** Whether its tokens come with refresh tokens. */
  readonly refreshTokens: boolean;
  /** RFC 7517, public keys only; never beside `jwksUri`. */
  readonly jwks: JsonWebKeySet | null;
  readonly jwksUri: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewClient = Client;

export interface JsonWebKeySet {
  readonly keys: readonly JsonWebKey[];
}

export interface ClientInList extends Client {
  /** Names, sorted. */
  readonly roles: string[];
}

export interface ClientSecret {
  readonly id: string;
  readonly clientId: string;
  readonly algorithm: SecretAlgorithm;
  /** sha256: base64url of the digest; bcrypt: the `$2…` text. */
  readonly hash: string;
  /** The last characters of the secret, to tell one from another. */
  readonly hint: string;
  readonly createdAt: Date;
  /** null: never. */
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** Refresh tokens that came out of each other: only the newest of them is good. */
export interface RefreshTokenFamily {
  readonly id: string;
  readonly clientId: string;
  /** base64url of the SHA-256 of the newest token. */
  readonly tokenHash: string;
  /** null: nothing was asked for, so that its access tokens carry what the client holds. */
  readonly scope: readonly string[] | null;
  /** Empty: the service's own audience. */
  readonly resources: readonly string[];
  readonly createdAt: Date;
  /** null: never. */
  readonly refreshedAt: Date | null;
  readonly expiresAt: Date;
}

/** An assertion of a client that was used (RFC 7523 §3). */
export interface UsedAssertion {
  readonly clientId: string;
  /** base64url of the SHA-256 of its `jti`. */
  readonly jtiHash: string;
  /** From then on it is refused anyway. */
  readonly expiresAt: Date;
}

export type SecretAlgorithm = 'sha256' | 'bcrypt';

/** What the token endpoint needs to know of a client, read at one instant. */
export interface ClientForToken {
  readonly client: Client;
  /** Expired ones are left out; newest first. */
  readonly secrets: ClientSecret[];
  /** Names, sorted by code point. */
  readonly roles: string[];
  /** Names, sorted by code point, each once. */
  readonly permissions: string[];
  /** Of that instant. */
  readonly rightsRevision: number;
}

export interface Role {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type Permission = Role;

export interface ClientRole {
  readonly roleId: string;
  readonly name: string;
  readonly assignedAt: Date;
}

export interface RolePermission {
  readonly permissionId: string;
  readonly name: string;
  readonly assignedAt: Date;
}

export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256';
export type SigningKeyState = 'next' | 'active' | 'retired';

export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly state: SigningKeyState;
  readonly publicJwk: JsonWebKey;
  readonly sealedPrivateKey: string;
  readonly createdAt: Date;
  readonly activatedAt: Date | null;
  readonly retiredAt: Date | null;
  /** From then on no token signed with it can be valid, and it may be deleted. */
  readonly expiresAt: Date | null;
}

/** What ends tokens before their time. */
export interface Revocation {
  readonly id: string;
  /**
   * token: the one of this `jti`. session: those of one log-in. client: those issued to it up to `revokedAt`. user: those
   * of all log-ins of one person that began up to then. all: every token issued up to then.
   */
  readonly kind: 'token' | 'session' | 'client' | 'user' | 'all';
  /** `jti`, session, client or user id; null for all. */
  readonly subject: string | null;
  /** Of a user: the one session that goes on. */
  readonly spared?: string | null;
  readonly revokedAt: Date;
  /** From then on there is nothing left to revoke. Null: as long as the row stands. */
  readonly expiresAt: Date | null;
}

export interface AuditEvent {
  /** UUID version 7. */
  readonly id: string;
  readonly occurredAt: Date;
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  readonly actorType: 'user' | 'client' | 'system' | 'anonymous';
  readonly actorId: string | null;
  readonly subjectType: string | null;
  readonly subjectId: string | null;
  readonly requestId: string | null;
  readonly clientIp: string | null;
  readonly detail: Record<string, unknown>;
}
