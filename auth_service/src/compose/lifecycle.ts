import { setTimeout as sleep } from 'node:timers/promises';
import { isServiceError, ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { Revocations } from '#revocation';
import type { Service } from './index.ts';

/** Milliseconds between two tries to come up while a dependency is away or the schema is behind. */
const RETRY_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

const NO_ADMINISTRATOR =
  'There is no administrator: nobody can log in and use /auth/admin. Set INITIAL_ADMIN_EMAIL and INITIAL_ADMIN_PASSWORD and start again, and one is made.';

export interface Lifecycle {
  state(): 'starting' | 'ready' | 'stopping';
  /** Why it is not ready. */
  reason(): ServiceError | undefined;
  begin(): Promise<boolean>;
  /** @returns whether there is an administrator. */
  comeUp(): Promise<boolean>;
  prepareForCommand(): Promise<void>;
  onReady(listener: () => void): void;
  onFatal(listener: (error: unknown) => void): void;
  stop(): void;
}

type LifecycleRooms = Pick<
  Service,
  'config' | 'storage' | 'rbac' | 'keys' | 'people' | 'audit' | 'logger'
> & { readonly revocations: Revocations };

export function createLifecycle(rooms: LifecycleRooms): Lifecycle {
  const { logger } = rooms;
  const stopping = new AbortController();
  const readyListeners: (() => void)[] = [];
  const fatalListeners: ((error: unknown) => void)[] = [];
  let state: 'starting' | 'ready' | 'stopping' = 'starting';
  let reason: ServiceError | undefined;

  /** One try: true when ready, false when waiting may help; throws when it cannot. */
  async function attempt(): Promise<boolean> {
    try {
      await comeUp(rooms);
      await lookForAdministrator();
    } catch (error) {
      if (!curedByWaiting(error)) throw error;
      if (reason?.code !== error.code) {
        logger.warning(`Not ready: ${error.message}`, { error: errorContext(error) });
      }
      reason = error;
      return false;
    }
    if (state === 'starting') {
      state = 'ready';
      reason = undefined;
      for (const listener of readyListeners) listener();
    }
    return true;
  }

  /** Machines do not wait for an identity server that cannot be reached: the administrator is made when it is back. */
  async function lookForAdministrator(): Promise<void> {
    try {
      if (!(await rooms.people.bootstrap())) logger.warning(NO_ADMINISTRATOR);
    } catch (error) {
      if (!passesAtSupabase(error)) throw error;
      logger.warning('Whether there is an administrator waits for Supabase Auth', {
        error: errorContext(error),
      });
      keepLooking().catch((failure: unknown) => {
        if (stopping.signal.aborted) return;
        logger.error('No administrator was made', { error: errorContext(failure) });
      });
    }
    keepLookingAround().catch(() => undefined);
  }

  async function keepLookingAround(): Promise<void> {
    const { supabase } = rooms.people;
    for (let delay = RETRY_DELAY_MS; supabase !== null; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
      if (await supabase.lookAround()) return;
      await sleep(delay, undefined, { signal: stopping.signal, ref: false });
    }
  }

  async function keepLooking(): Promise<void> {
    for (let delay = RETRY_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
      await sleep(delay, undefined, { signal: stopping.signal, ref: false });
      try {
        if (!(await rooms.people.bootstrap())) logger.warning(NO_ADMINISTRATOR);
        return;
      } catch (error) {
        const isPassing = passesAtSupabase(error) || curedByWaiting(error);
        if (!isPassing && !isServiceError(error, 'identity_misconfigured')) throw error;
        if (!isPassing) logger.error('No administrator was made', { error: errorContext(error) });
      }
    }
  }

  async function keepTrying(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(RETRY_DELAY_MS, undefined, { signal: stopping.signal });
      if (await attempt()) return;
    }
  }

  return {
    state: () => state,
    reason: () => reason,
    async comeUp() {
      await comeUp(rooms);
      return await rooms.people.bootstrap();
    },
    prepareForCommand: () => prepareForCommand(rooms),
    async begin() {
      if (await attempt()) return true;
      keepTrying().catch((error: unknown) => {
        if (!stopping.signal.aborted) for (const listener of fatalListeners) listener(error);
      });
      return false;
    },
    onReady(listener) {
      if (state === 'ready') listener();
      else readyListeners.push(listener);
    },
    onFatal: (listener) => void fatalListeners.push(listener),
    stop() {
      state = 'stopping';
      stopping.abort();
    },
  };
}

/** Schema, then what the product needs to find in it, then the keys. Each step is safe beside another replica. */
async function comeUp(rooms: LifecycleRooms): Promise<void> {
  const { rbac, keys, people, audit, revocations } = rooms;
  await requireSchema(rooms);
  // Before anything is recorded: what meets no partition of its month has to be moved later.
  await audit.start();
  await rbac.ensureBuiltIns();
  await keys.load();
  await people.load();
  // Before anything is served: what was revoked must not pass for good.
  await revocations.start();
}

async function requireSchema({ config, storage }: LifecycleRooms): Promise<void> {
  const { state } = await storage.migrations.status();
  if (state === 'behind' && config.migrateOnStart) await storage.migrations.up();
  else if (state === 'behind') throw new ServiceError('schema_behind');
  else if (state === 'incompatible') throw new ServiceError('schema_incompatible');
  else if (state === 'altered') throw new ServiceError('migration_altered');
}

/** On a database that no server has used yet, a command finds the built-ins all the same. */
async function prepareForCommand(rooms: LifecycleRooms): Promise<void> {
  await requireSchema(rooms);
  const known = await rooms.storage.bootstrapMarks.list();
  if (known.length === 0) await rooms.rbac.ensureBuiltIns();
}

function passesAtSupabase(error: unknown): boolean {
  return isServiceError(error, 'identity_unavailable') || isServiceError(error, 'rate_limited');
}

function curedByWaiting(error: unknown): error is ServiceError {
  return (
    isServiceError(error, 'database_unavailable') ||
    isServiceError(error, 'schema_behind') ||
    isServiceError(error, 'schema_incompatible')
  );
}
