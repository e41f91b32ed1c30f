import type { Audit } from '#audit';
import type { Random } from '#crypto';
import type { KeyRing, SharedSecretKeys } from '#keys';
import type { AppliedLimit, Limiter, RateLimit } from '#kv';
import type { Logger } from '#observability';
import type { Authority } from '#rbac';
import type { Revocations } from '#revocation';
import type {
  Client,
  ClientColumn,
  ClientInList,
  ClientSecret,
  JsonWebKeySet,
  Listed,
  Page,
  Storage,
} from '#storage';
import type { FetchKeySet } from './fetch-key-set.ts';

export interface OauthDependencies {
  readonly storage: Pick<
    Storage,
    | 'clients'
    | 'clientSecrets'
    | 'clientRefreshTokens'
    | 'clientAssertions'
    | 'rightsRevision'
    | 'transaction'
    | 'transactionUnder'
  >;
  /** `sharedSecret` is needed, and used, only when `settings.algorithm` is HS256. */
  readonly keys: {
    readonly ring: Pick<KeyRing, 'signToken' | 'findKey'>;
    readonly sharedSecret: SharedSecretKeys | null;
  };
  readonly audit: Audit;
  readonly limits: TokenLimits;
  /** Fetches the keys of clients that have a `jwks_uri`. */
  readonly fetchKeySet: FetchKeySet;
  readonly settings: OauthSettings;
  readonly revocations: Pick<Revocations, 'revoke' | 'isRevoked' | 'isKnownRevoked'>;
  /** Null: people's tokens are none of this service's. */
  readonly people: PersonTokens | null;
  /** Called once a change of what clients hold has been committed. */
  readonly onRightsChanged?: (() => void) | undefined;
  readonly now: () => Date;
  readonly random: Random;
  readonly logger: Logger;
  /** The one hash of secrets, to be counted in tests. Default: SHA-256 of `#crypto`. */
  readonly hashSecret?: (secret: string) => Buffer;
  /** How late it may be written that a secret was used. Default 1000. */
  readonly secretUseIntervalMs?: number;
}

export interface TokenLimits {
  /** Counts failed authentications, by client address (IPv6 by its /64). Null: they are not limited. */
  readonly ipFailures: Limiter | null;
  /** Counts authenticated requests, by client id; the rate is given with each call. */
  readonly requests: Limiter;
  /** Of clients without a limit of their own. Null: they are not limited. */
  readonly requestRate: RateLimit | null;
}

/** What administering clients needs of all that. */
export interface ClientDependencies
  extends Pick<
    OauthDependencies,
    'storage' | 'audit' | 'now' | 'random' | 'revocations' | 'onRightsChanged'
  > {
  readonly settings: Pick<OauthSettings, 'accessTokenLifetimeSeconds'>;
}

export interface OauthSettings {
  readonly algorithm: 'HS256' | 'ES256' | 'EdDSA' | 'RS256';
  /** `iss` of machine tokens. Null: it would be PUBLIC_URL, which is not set; no token can be issued. */
  readonly issuer: string | null;
  /** PUBLIC_URL without a trailing slash: issuer of the metadata and of tokens for our own API. */
  readonly publicUrl: string | null;
  /** Path below PUBLIC_URL where the token endpoint is, `''` or like `/api/v1`. */
  readonly rootPath: string;
  /** `aud` of tokens asked for without `resource`. */
  readonly audience: string;
  /** Used where a client has no lifetime of its own. */
  readonly accessTokenLifetimeSeconds: number;
  /** How long known clients get tokens while the database cannot be reached. */
  readonly cacheStaleSeconds: number;
  /** Counted from each rotation. */
  readonly refreshTokenLifetimeSeconds: number;
}

export interface Oauth {
  readonly clients: Clients;
  /**
   * The token endpoint (RFC 6749 §3.2), whatever the wire it came by.
   * @throws ServiceError with an OAuth code; `public_url_missing`; RateLimitedError when a limit is exceeded.
   */
  issueToken(request: TokenRequest): Promise<IssuedToken>;
  /**
   * Who a client is that calls our own API with an access token, and what it may do now.
   * @throws ServiceError `invalid_token`; `public_url_missing`; what storage throws.
   */
  verify(accessToken: string): Promise<ClientPrincipal>;
  /**
   * RFC 7662, as a client asks: its own tokens, or all with `tokens:introspect`. What is not good, or none of the
   * caller's business, is `{active: false}`.
   * @throws ServiceError with an OAuth code; RateLimitedError; `revocations_unknown`.
   */
  introspect(request: TokenRequest): Promise<{ readonly clientId: string; readonly answer: Introspection }>;
  /**
   * RFC 7009, as a client asks: its own tokens, or any with `tokens:revoke`. A token that is not good any more is fine.
   * @throws ServiceError with an OAuth code; `unauthorized_client` for the token of another; RateLimitedError.
   */
  revoke(request: TokenRequest): Promise<{ readonly clientId: string }>;
  /** What clients hold has changed elsewhere. */
  invalidate(): void;
  /** RFC 8414. @throws ServiceError `public_url_missing`. */
  metadata(): AuthorizationServerMetadata;
  /** Writes what was kept back to be written together: when secrets were last used. Never rejects. */
  flush(): Promise<void>;
}

/** RFC 7662 §2.2. */
export type Introspection =
  | { readonly active: false }
  | ({ readonly active: true } & Readonly<Record<string, unknown>>);

/** Tokens of people, of which this room knows nothing. */
export interface PersonTokens {
  /** `iss` of their access tokens, null for none at all. Null: PUBLIC_URL is not set, and there are none. */
  readonly issuers: readonly (string | null)[] | null;
  /** What an access token says, and who stands behind it now. Null: it is not good. */
  inspect(accessToken: string): Promise<Readonly<Record<string, unknown>> | null>;
  /** Ends the session of an access token. @returns its id; null for a token that is not good. */
  endSession(accessToken: string): Promise<string | null>;
}

export interface ClientPrincipal {
  readonly kind: 'client';
  readonly clientId: string;
  /** Names: what it holds, as it was at most a second ago, and no more than the token was narrowed to. */
  readonly permissions: readonly string[];
}

export interface TokenRequest {
  /** The Authorization header as it came. */
  readonly authorization: string | undefined;
  /** Every parameter with all its values in order, from a form or a JSON body; values are strings. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  /** The caller's address, as trusted proxies tell it. */
  readonly clientIp: string;
}

/** RFC 6749 §5.1. */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  /** Sorted, separated by spaces; empty for a client that holds no permission. */
  readonly scope: string;
  /** Only for clients that have them switched on. Good once. */
  readonly refresh_token?: string;
}

export interface IssuedToken {
  readonly clientId: string;
  readonly response: TokenResponse;
  /** The client's bucket after this request. Null: not limited. */
  readonly limit: AppliedLimit | null;
}

/** RFC 8414 §2; only what is served. */
export interface AuthorizationServerMetadata {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly grant_types_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly TokenEndpointAuthMethod[];
  readonly token_endpoint_auth_signing_alg_values_supported: readonly string[];
  /** RFC 7662. Without these, only bearer tokens would be known to open it (RFC 8414 §2). */
  readonly introspection_endpoint: string;
  readonly introspection_endpoint_auth_methods_supported: readonly TokenEndpointAuthMethod[];
  readonly introspection_endpoint_auth_signing_alg_values_supported: readonly string[];
  /** RFC 7009. */
  readonly revocation_endpoint: string;
  readonly revocation_endpoint_auth_methods_supported: readonly TokenEndpointAuthMethod[];
  readonly revocation_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly service_documentation: string;
}

export type TokenEndpointAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

export interface NewClientInput {
  /** A UUID, for a client that moves here with its id; made when left out. */
  readonly id?: string;
  /** 3 to 100 characters after trimming, none of them invisible. Others may have the same name: the id tells them apart. */
  readonly name: string;
  /** Up to 500 characters. */
  readonly description?: string | null;
  /** Names of roles that exist. */
  readonly roles?: readonly string[];
  /** https, http on a loopback host, or a private-use scheme (RFC 8252 §7.1); no fragment. */
  readonly allowedCallbackUrls?: readonly string[];
  /** Absolute URIs without fragment (RFC 8707 §2). */
  readonly allowedResources?: readonly string[];
  /** 1 to 86400. Null or left out: the service's own. */
  readonly tokenLifetimeSeconds?: number | null;
  /** Tokens a time, such as `600/minute` (second, minute, hour, day), or `off`. Null or left out: the service's own. */
  readonly rateLimit?: string | null;
  /** Null or left out: any that the client has a credential for. `private_key_jwt` needs keys; no secret is made then. */
  readonly tokenEndpointAuthMethod?: TokenEndpointAuthMethod | null;
  /** Default: true. */
  readonly isActive?: boolean;
  /** Whether its tokens come with refresh tokens. Default: false. */
  readonly refreshTokens?: boolean;
  /**
   * Its public keys (RFC 7517), 1 to 10 in up to 16 kB: EC P-256, Ed25519, RSA of 2048 to 8192 bits. Kept as given.
   * Not beside `jwksUri`.
   */
  readonly jwks?: JsonWebKeySet | null;
  /** Where its keys are: https on a public address, up to 2000 characters, without user and fragment. */
  readonly jwksUri?: string | null;
  /** bcrypt hash (`$2a$`, `$2b$`, `$2y$`, cost 4 to 15) of a secret that moves here; no secret is made then. */
  readonly importedSecretHash?: string;
  /** False: it is made without one, and given its first later. Default: true. */
  readonly makesSecret?: boolean;
}

export interface CreatedClient extends ClientDetails {
  /** Shown this once. Null when a hash was imported, and for `private_key_jwt`. */
  readonly secret: string | null;
}

/** Left out: as it is. `roles` are the whole of what it is to hold. */
export type ClientChange = Partial<Omit<NewClientInput, 'id' | 'importedSecretHash' | 'makesSecret'>>;

export interface ClientSecretSummary extends Omit<ClientSecret, 'hash'> {
  /** It has expired, or it has been quiet for long while another live one was used. */
  readonly isSafeToRemove: boolean;
}

export interface NewClientSecret extends ClientSecretSummary {
  /** Shown this once. */
  readonly text: string;
}

export interface ClientDetails {
  readonly client: Client;
  /** Names, sorted. */
  readonly roles: readonly string[];
  /** Effective permissions: names, sorted. */
  readonly permissions: readonly string[];
}

/** Every change throws ServiceError `exceeds_own_rights` where the authority holds less than the client carries. */
export interface Clients {
  /** @throws ServiceError `validation_failed` with every wrong field, `already_exists`. */
  create(by: Authority, input: NewClientInput): Promise<CreatedClient>;
  list(page: Page<ClientColumn>): Promise<Listed<ClientInList>>;
  /** @throws ServiceError `not_found`. */
  show(id: string): Promise<ClientDetails>;
  /**
   * Acts on its next token, and on our own routes within a second.
   * @param precondition looks at what is there, in the transaction that changes it
   * @throws ServiceError `not_found`, `validation_failed` with every wrong field, and what the precondition throws.
   */
  update(
    by: Authority,
    id: string,
    change: ClientChange,
    precondition?: (before: ClientDetails) => void,
  ): Promise<ClientDetails>;
  /** @throws ServiceError `not_found`. */
  delete(by: Authority, id: string): Promise<void>;
  /** Newest first, expired ones too. @throws ServiceError `not_found`. */
  secrets(id: string): Promise<ClientSecretSummary[]>;
  /**
   * A client has at most two live secrets. Without `expiresPreviousInSeconds` (0 to 90 days) the one before stays good
   * until it is removed; with it that one ends then, or when it would anyway.
   * @throws ServiceError `not_found`; `validation_failed`; `in_use` when two are live.
   */
  addSecret(
    by: Authority,
    id: string,
    options?: { readonly expiresPreviousInSeconds?: number | undefined },
  ): Promise<NewClientSecret>;
  /** @throws ServiceError `not_found`; `in_use` for the last way in, unless `force`. */
  removeSecret(
    by: Authority,
    id: string,
    secretId: string,
    options?: { readonly force?: boolean },
  ): Promise<void>;
}
