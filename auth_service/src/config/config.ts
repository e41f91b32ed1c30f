import type { ConfigFault } from './config-error.ts';
import type { RateLimit } from './parsers/rate-limit.ts';
import type { Setting } from './reading.ts';
import type { Environment } from './variable.ts';

/** Everything the service was told, checked, complete and deep-frozen (buffers apart, which cannot be frozen). */
export interface Config {
  readonly environment: Environment;
  /** True in production and in staging, which obeys the same rules. */
  readonly isProduction: boolean;
  readonly version: string;
  readonly logging: { readonly level: LoggingLevel };
  readonly server: ServerConfig;
  readonly identity: IdentityConfig;
  readonly database: DatabaseConfig;
  /** Absolute. Holds what the embedded parts keep, and secrets.json. */
  readonly dataDirectory: string;
  readonly migrateOnStart: boolean;
  /** How long requests are still taken, and answered with the end of their connection, once the stop was asked for. */
  readonly shutdownDelaySeconds: number;
  /** null: counters and messages stay within this process. */
  readonly redis: RedisConfig | null;
  /** How long cached entries serve on while PostgreSQL cannot be reached. */
  readonly cacheStaleSeconds: number;
  readonly tokens: TokensConfig;
  readonly encryption: { readonly keys: EncryptionKeys };
  readonly initialAdmin: { readonly email: string; readonly password: string } | null;
  /** null: switched off. */
  readonly rateLimits: {
    readonly login: RateLimit | null;
    readonly register: RateLimit | null;
    readonly token: RateLimit | null;
    readonly passwordReset: RateLimit | null;
    readonly mfa: RateLimit | null;
  };
  readonly redirects: RedirectsConfig;
  readonly socialProviders: readonly SocialProvider[];
  readonly smtp: SmtpConfig | null;
  readonly metrics: { readonly port: number | null; readonly token: string | null };
  readonly telemetry: TelemetryConfig | null;
  /** passphrase null: archives are not encrypted. */
  readonly backup: { readonly passphrase: string | null };
  /** Loud, but no reason to stop the start. */
  readonly warnings: readonly ConfigFault[];
  /** Each variable as read, secrets masked: what describeConfig builds upon. */
  readonly settings: readonly Setting[];
}

export type LoggingLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  /** '' or a path such as /api/v1, without trailing slash. */
  readonly rootPath: string;
  /** Without trailing slash; null: unknown, so that whatever builds links from it must refuse. */
  readonly publicUrl: string | null;
  /** Addresses and CIDR networks, or how many proxies stand in front. Empty: none is trusted. */
  readonly trustedProxies: number | readonly string[];
  /** The one header in which they tell whom a request comes from, in lower case. */
  readonly trustedProxyHeader: 'x-forwarded-for' | 'forwarded';
  /** Origins as browsers send them, or '*' alone. Empty: CORS is off. */
  readonly corsAllowOrigins: readonly string[];
  readonly corsAllowCredentials: boolean;
  readonly replicas: number;
  readonly workers: number;
}

export type IdentityConfig =
  | {
      readonly kind: 'supabase';
      readonly url: string;
      readonly anonKey: string;
      readonly serviceRoleKey: string;
      readonly jwtSecret: string | null;
      /** `iss` values that mark a user token. */
      readonly jwtIssuers: readonly string[];
      /** Tokens without `iss` fall under the same policy. */
      readonly acceptsTokensWithoutIssuer: boolean;
      /** In lower case: in which Supabase Auth is told whom a request comes from. */
      readonly rateLimitHeader: string;
    }
  | {
      readonly kind: 'embedded';
      /** New accounts count as confirmed without a mail. */
      readonly confirmsAutomatically: boolean;
    };

export type DatabaseConfig =
  | {
      readonly kind: 'postgres';
      /** Plain postgresql://, TLS by `sslmode`. */
      readonly url: string;
      /** Past a pooler, for migrations and LISTEN. */
      readonly directUrl: string | null;
      readonly poolMax: number;
      readonly connectTimeoutMs: number;
      readonly statementTimeoutMs: number;
      readonly idleTimeoutMs: number;
    }
  | { readonly kind: 'embedded'; readonly directory: string };

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

export interface RedisConfig {
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  /** One; the Sentinels; or some nodes of the Cluster, which tell of the others. */
  readonly nodes: readonly RedisNode[];
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  /** Set exactly with `sentinel`. */
  readonly masterName: string | null;
  /** What the Sentinels themselves ask for. */
  readonly sentinel: { readonly username: string | null; readonly password: string | null };
}

export type TokenAlgorithm = 'HS256' | 'ES256' | 'EdDSA' | 'RS256';

export interface TokensConfig {
  readonly algorithm: TokenAlgorithm;
  /** Set exactly when the algorithm is HS256. */
  readonly sharedSecret: string | null;
  /** Verifies only. */
  readonly previousSharedSecret: string | null;
  /** null: asymmetric keys, and PUBLIC_URL is missing. */
  readonly issuer: string | null;
  readonly audience: string;
  readonly accessTokenLifetimeSeconds: number;
  readonly refreshTokenLifetimeSeconds: number;
}

export interface EncryptionKeys {
  /** `derived`: from M2M_JWT_SECRET_KEY. `generate`: nothing is configured (development and testing only). */
  readonly source: 'environment' | 'derived' | 'generate';
  /** Input of HKDF, never used as a key itself: 32 bytes, or with `derived` the shared secret's bytes. */
  readonly current: Buffer | null;
  /** Open what was sealed earlier; never seal. */
  readonly previous: readonly Buffer[];
}

export interface RedirectsConfig {
  /** As `new URL(…).href` prints them; compared whole. */
  readonly allowList: readonly string[];
  readonly passwordReset: string | null;
  readonly emailConfirmation: string | null;
}

export interface SocialProvider {
  /** As in /login/{provider}. */
  readonly name: string;
  /** null for the providers known by name. */
  readonly issuer: string | null;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  /** `starttls` refuses to send when the server offers none. */
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly credentials: { readonly user: string; readonly password: string } | null;
  readonly from: string;
  readonly senderName: string | null;
}

export interface TelemetryConfig {
  readonly endpoint: string;
  readonly protocol: 'grpc' | 'http/protobuf' | 'http/json';
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** OpenTelemetry's name of the sampler. */
  readonly sampler: string;
  readonly samplerArgument: string | null;
}
