import assert from 'node:assert/strict';
import { createSealer, systemRandom } from '#crypto';
import { isServiceError, type ServiceError } from '#errors';
import { createKeyRing, type KeyRing, type KeyRingDependencies } from '#keys';
import type { SigningKey, Storage } from '#storage';
import type { TestDatabase } from '../support/databases.ts';

export const MASTER = Buffer.alloc(32, 7);

export function sealerOf(master: Buffer, ...previous: Buffer[]) {
  return createSealer({ purpose: 'signing-keys', master, previous, random: systemRandom });
}

export function ringOn(database: TestDatabase, changes: Partial<KeyRingDependencies> = {}): KeyRing {
  return createKeyRing({
    storage: database.storage,
    sealer: sealerOf(MASTER),
    algorithm: 'ES256',
    tokenLifetimeSeconds: 900,
    now: database.clock.now,
    logger: database.logger,
    ...changes,
  });
}

export async function loadedRingOn(database: TestDatabase, changes: Partial<KeyRingDependencies> = {}) {
  const ring = ringOn(database, changes);
  await ring.load();
  return ring;
}

export function statesOf(keys: readonly Pick<SigningKey, 'algorithm' | 'state'>[]): string[] {
  return keys.map(({ algorithm, state }) => `${algorithm} ${state}`).sort();
}

export function kidIn(
  keys: readonly Pick<SigningKey, 'kid' | 'state'>[],
  state: SigningKey['state'],
): string {
  const [kid, ...others] = keys.filter((key) => key.state === state).map((key) => key.kid);
  assert.ok(kid !== undefined && others.length === 0, `one key is ${state}`);
  return kid;
}

/** Puts rows in the place of all those there are, as a person with access to the database could. */
export async function replaceRows(storage: Storage, rows: readonly SigningKey[]): Promise<void> {
  const past = new Date(0);
  await storage.transaction(async ({ signingKeys }) => {
    for (const { kid } of await signingKeys.list()) {
      await signingKeys.updateState(kid, { state: 'retired', retiredAt: past, expiresAt: past });
    }
    await signingKeys.deleteExpired(past);
    for (const row of rows) await signingKeys.insert(row);
  });
}

export async function serviceErrorOf(work: Promise<unknown>): Promise<ServiceError> {
  const error = await work.then(
    () => assert.fail('it went through'),
    (reason: unknown) => reason,
  );
  assert.ok(isServiceError(error), `${error}`);
  return error;
}
