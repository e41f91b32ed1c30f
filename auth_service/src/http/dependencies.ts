import type { FastifyInstance } from 'fastify';
import type { Audit } from '#audit';
import type { Config } from '#config';
import type { Random } from '#crypto';
import type { ServiceError } from '#errors';
import type { People, UserAdministration } from '#identity';
import type { KeyRing } from '#keys';
import type { Oauth } from '#oauth';
import type { Logger } from '#observability';
import type { Rbac } from '#rbac';
import type { PersonLimit } from './people/limits.ts';

/** Call `listen` to open the socket and `close` to stop: it refuses new connections and waits for requests in flight. */
export type HttpApp = FastifyInstance;

export interface Dependencies {
  readonly config: HttpSettings;
  /** Already of this room. */
  readonly logger: Logger;
  readonly oauth: Pick<Oauth, 'issueToken' | 'introspect' | 'revoke' | 'metadata' | 'verify' | 'clients'>;
  readonly rbac: Omit<Rbac, 'ensureBuiltIns'>;
  readonly audit: Pick<Audit, 'enqueue' | 'list'>;
  /** The ring that signs for machines. */
  readonly keys: Pick<KeyRing, 'jwks' | 'list'>;
  readonly random: Pick<Random, 'uuid'>;
  /** Null: accounts are kept elsewhere, and the routes of people are not mounted. */
  readonly people: PeopleDependencies | null;
  readonly lifecycle: LifecycleGate;
  readonly health: HealthChecks;
  /** Requests worked on at a time; beyond them 503. Default: 1000. */
  readonly inFlightAtMost?: number;
  /** Default: the system's clock. */
  readonly now?: () => Date;
}

export interface PeopleDependencies {
  readonly people: People;
  readonly users: UserAdministration;
  /** `iss` of their access tokens, null for none at all. Null: it is built from PUBLIC_URL, which is not set. */
  readonly issuers: readonly (string | null)[] | null;
  /** The ring that signs them. Null: they are signed elsewhere. */
  readonly keys: Pick<KeyRing, 'jwks' | 'list'> | null;
  readonly limits: { readonly login: PersonLimit; readonly register: PersonLimit };
}

export type HttpSettings = Pick<Config, 'environment' | 'version' | 'server' | 'identity'>;

export interface LifecycleGate {
  /** `stopping` still serves: only readiness says no, and connections end with the answer they carry. */
  state(): 'starting' | 'ready' | 'stopping';
  /** Why it is not ready, and in its message what to do about it. */
  reason(): ServiceError | undefined;
}

export interface HealthChecks {
  /** Resolves when the database answers. Called at most once per second, and not while a call is still open. */
  database(): Promise<void>;
  /** The same for Redis. Null: there is none. */
  readonly redis: (() => Promise<void>) | null;
  /** The same for Supabase Auth. Default: null, accounts are kept here. */
  readonly supabase?: (() => Promise<void>) | null;
}
