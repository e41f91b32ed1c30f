import { ServiceError } from '#errors';
import type { SigningKey } from '#storage';
import { loadRing } from './load-ring.ts';
import { openRingKey, type RingKey, summaryOf } from './ring-key.ts';
import type { KeyRing, KeyRingDependencies } from './types.ts';

const MAX_AGE_MS = 5_000;
const MACHINES = 'signingKeys';
const STATES = ['active', 'next', 'retired'];

interface Ring {
  readonly active: RingKey;
  /** By kid, in the order of `list`. */
  readonly keys: ReadonlyMap<string, RingKey>;
}

/** One ring over all replicas, kept in storage; each replica holds it opened, and reads it again when it is used. */
export function createKeyRing(dependencies: KeyRingDependencies): KeyRing {
  const { storage, sealer, now, logger, table = MACHINES } = dependencies;
  let ring: Ring | null = null;
  let readAtMs = 0;
  let reading: Promise<void> | null = null;

  function adopt(rows: readonly SigningKey[], known: Ring | null): void {
    ring = arrange(rows.map((row) => withState(row, known?.keys.get(row.kid) ?? openRingKey(row, sealer))));
  }

  async function read(): Promise<void> {
    try {
      adopt(await storage[table].list(), ring);
    } catch (error) {
      logger.warning('signing keys could not be read again; the last known ones stay in use', { error });
    } finally {
      readAtMs = now().getTime();
      reading = null;
    }
  }

  /** Undefined: fresh enough. Never rejects; a failed read counts as one, so that a lost database is left in peace. */
  function refresh(): Promise<void> | undefined {
    // A clock that was set back makes it old, too.
    if (ring === null || Math.abs(now().getTime() - readAtMs) < MAX_AGE_MS) return undefined;
    reading ??= read();
    return reading;
  }

  function loaded(): Ring {
    if (ring === null) throw new ServiceError('starting');
    return ring;
  }

  /** Retired keys go when their time is over, whether or not the ring was read since. */
  function liveKeys(): RingKey[] {
    const keys = ring === null ? [] : [...ring.keys.values()];
    return keys.filter((key) => isLive(key, now()));
  }

  return {
    async load() {
      const rows = await storage.transaction((stores) => loadRing(stores, { ...dependencies, table }));
      adopt(rows, null);
      readAtMs = now().getTime();
    },

    signToken(claims, typ) {
      const { active } = loaded();
      // In the background: a key that another replica retired must not sign on for long.
      void refresh();
      return active.signToken(claims, typ);
    },

    async jwks() {
      loaded();
      await refresh();
      return { keys: liveKeys().map((key) => key.publicJwk) };
    },

    findKey(kid) {
      void refresh();
      const key = ring?.keys.get(kid);
      return key !== undefined && isLive(key, now()) ? key.verification : null;
    },

    list: () => liveKeys().map((key) => key.summary),
  };
}

function withState(row: SigningKey, key: RingKey): RingKey {
  return { ...key, summary: summaryOf(row) };
}

function arrange(keys: readonly RingKey[]): Ring {
  const ordered = keys.toSorted(
    ({ summary: a }, { summary: b }) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) || b.createdAt.getTime() - a.createdAt.getTime(),
  );
  const active = ordered.find((key) => key.summary.state === 'active');
  if (active === undefined) throw new Error('No signing key is active.');
  return { active, keys: new Map(ordered.map((key) => [key.summary.kid, key])) };
}

function isLive({ summary }: RingKey, now: Date): boolean {
  return summary.expiresAt === null || summary.expiresAt > now;
}
