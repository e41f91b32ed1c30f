/**
 * compose: the only room that knows every other. It opens them from the bottom up, hands each what it needs, brings the
 * service up (schema, built-ins, keys) and closes everything in reverse. It holds no rule of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Audit, createAudit } from '#audit';
import { type Backups, createBackups } from '#backup';
import type { Config } from '#config';
import { systemRandom } from '#crypto';
import { createDeclaration, type Declaration } from '#declaration';
import { createApp, type HttpApp } from '#http';
import { createKeyRing, type KeyRing } from '#keys';
import { openKv } from '#kv';
import { createClients, type Oauth } from '#oauth';
import { createLogger, type Logger } from '#observability';
import { createRbac, type Rbac } from '#rbac';
import { createRevocations } from '#revocation';
import { openStorage, type Storage } from '#storage';
import { recordKey } from './key-audit.ts';
import { createLifecycle } from './lifecycle.ts';
import { openOauth } from './machines.ts';
import { type OpenPeople, openPeople } from './people.ts';
import { describePersonTokens } from './person-tokens.ts';
import { openSecrets } from './secrets.ts';

/** Said when what clients hold has changed. What is missed is found out within a second. */
const RIGHTS_CHANNEL = 'rights';

export interface OpenServiceOptions {
  readonly config: Config;
  /** `serve` owns the data folder and listens; `command` may work beside a running server; `alone` must not. */
  readonly mode: 'serve' | 'command' | 'alone';
  readonly logger?: Logger & { flush(): void };
  /** Whether logs go to a person. */
  readonly terminal?: boolean;
  /** Called with the text of every statement sent; for tests that count them. */
  readonly onStatement?: (sql: string) => void;
}

export interface Service {
  readonly config: Config;
  readonly logger: Logger;
  readonly storage: Storage;
  readonly rbac: Rbac;
  readonly oauth: Oauth;
  readonly declaration: Declaration;
  readonly backups: Backups;
  readonly keys: KeyRing;
  readonly audit: Audit;
  readonly app: HttpApp;
  readonly people: OpenPeople;
  /**
   * Listens, then comes up. Resolves once the first try is over: the service is ready, or up and waiting for a
   * dependency or a migration, trying again each second. Rejects on faults that waiting cannot cure.
   */
  start(): Promise<{ url: string; ready: boolean }>;
  /**
   * The schema must be current, for a command that works on what is stored. Leaves the keys alone: a command runs in
   * whatever environment its terminal has. Rejects with `schema_behind`, `database_unavailable`, …
   */
  prepare(): Promise<void>;
  /**
   * Comes up once without listening: built-ins, keys, the first administrator. Rejects as `prepare` does.
   * @returns whether there is an administrator
   */
  bootstrap(): Promise<boolean>;
  onReady(listener: () => void): void;
  /** A fault found after `start` resolved that waiting cannot cure: the process should end. */
  onFatal(listener: (error: unknown) => void): void;
  /** Not ready any more; requests in flight finish, audit events are written, everything closes. */
  close(): Promise<void>;
}

export async function openService(options: OpenServiceOptions): Promise<Service> {
  const { config } = options;
  const logger =
    options.logger ??
    createLogger({
      level: config.logging.level,
      environment: config.environment,
      pretty: options.terminal ?? false,
    });
  const now = () => new Date();
  const random = systemRandom;
  const secrets = openSecrets(config);
  const storage = await openStorage({
    database: config.database,
    mode: options.mode,
    logger: logger.child('storage'),
    now,
    accountsAreOurs: config.identity.kind === 'embedded',
    ...(options.onStatement === undefined ? {} : { onStatement: options.onStatement }),
  });
  const kv = await openKv({ redis: config.redis, logger: logger.child('kv'), random });
  const audit = createAudit({ storage, logger: logger.child('audit'), now, random });
  const keys = createKeyRing({
    storage,
    sealer: secrets.sealer('signing-keys'),
    algorithm: config.tokens.algorithm === 'HS256' ? 'ES256' : config.tokens.algorithm,
    tokenLifetimeSeconds: config.tokens.accessTokenLifetimeSeconds,
    now,
    logger: logger.child('keys'),
    onKeyCreated: recordKey(audit),
  });
  const revocations = createRevocations({
    storage,
    messages: kv,
    now,
    random,
    logger: logger.child('revocation'),
  });
  const onRightsChanged = () => {
    oauth.invalidate();
    void kv.publish(RIGHTS_CHANNEL, '');
  };
  const administration = { audit, revocations, onRightsChanged, now, random };
  const rbac = createRbac({ storage, ...administration });
  const terminal = options.terminal ?? false;
  const people = await openPeople({
    config,
    storage,
    secrets,
    audit,
    kv,
    revocations,
    logger,
    now,
    terminal,
  });
  const oauth = openOauth({
    ...{ config, storage, keys, kv, logger: logger.child('oauth') },
    ...administration,
    people: describePersonTokens(people.face.people, people.face.issuers),
  });
  const declaration = createDeclaration({
    storage,
    openRooms: (over) => ({
      rbac: createRbac({ storage: over, ...administration }),
      clients: createClients({ storage: over, ...administration, settings: config.tokens }),
    }),
  });
  const backups = createBackups({
    ...{ storage, audit, revocations, now },
    sealer: secrets.sealer('backups'),
    passphrase: config.backup.passphrase,
    about: {
      productVersion: config.version,
      database: config.database.kind,
      identity: config.identity.kind,
    },
  });
  const lifecycle = createLifecycle({
    config,
    storage,
    rbac,
    keys,
    people,
    audit,
    revocations,
    logger: logger.child('compose'),
  });
  kv.subscribe(RIGHTS_CHANNEL, oauth.invalidate, oauth.invalidate);
  const app = createApp({
    config,
    logger: logger.child('http'),
    oauth,
    rbac,
    audit,
    keys,
    people: people.face,
    random,
    lifecycle,
    health: {
      database: () => storage.check(),
      redis: config.redis === null ? null : () => kv.check(),
      supabase: people.supabase?.check ?? null,
    },
  });
  return {
    config,
    logger,
    storage,
    rbac,
    oauth,
    declaration,
    backups,
    keys,
    audit,
    app,
    people,
    async start() {
      const url = await app.listen({ host: config.server.host, port: config.server.port });
      // Readiness does not wait for Redis: until it is there, limits are counted in this process.
      const [ready] = await Promise.all([lifecycle.begin(), kv.connect()]);
      return { url, ready };
    },
    prepare: () => lifecycle.prepareForCommand(),
    bootstrap: () => lifecycle.comeUp(),
    onReady: lifecycle.onReady,
    onFatal: lifecycle.onFatal,
    async close() {
      const wasReady = lifecycle.state() === 'ready';
      lifecycle.stop();
      // Load balancers find out by asking. Who comes meanwhile is served, and told to come back elsewhere.
      if (wasReady) await sleep(config.shutdownDelaySeconds * 1000);
      await app.close();
      revocations.stop();
      await oauth.flush();
      await audit.close();
      await kv.close();
      await storage.close();
      logger.flush();
    },
  };
}
