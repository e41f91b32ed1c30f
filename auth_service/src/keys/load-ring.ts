import { generateKeyPair, jwkThumbprint } from '#crypto';
import type { SigningKey, TransactionStores } from '#storage';
import { openRingKey, reseal, sealKeyPair, summaryOf } from './ring-key.ts';
import type { KeyRingDependencies } from './types.ts';

type Ring = KeyRingDependencies & Required<Pick<KeyRingDependencies, 'table'>>;

// What any client may set as its own token lifetime.
const LONGEST_CLIENT_TOKEN_LIFETIME_SECONDS = 86_400;
// A replica that has not seen the change yet signs on with the old key, and consumers allow for clocks that differ.
const RETIREMENT_SLACK_SECONDS = 300;

/**
 * Brings the stored ring in order; see `KeyRing.load`. Everything stored is opened before anything is made, so a
 * wrong encryption key changes nothing.
 * @returns the rows as they are now
 */
export async function loadRing(stores: TransactionStores, ring: Ring): Promise<SigningKey[]> {
  await stores.lock(ring.table);
  const store = stores[ring.table];
  await store.deleteExpired(ring.now());
  const rows = await store.list();
  for (const row of rows) openRingKey(row, ring.sealer);
  await resealOldKeys(stores, ring, rows);
  await retireOtherAlgorithms(stores, ring, rows);
  await fillVacancies(stores, ring, rows);
  return await store.list();
}

async function resealOldKeys(
  stores: TransactionStores,
  { sealer, table }: Ring,
  rows: readonly SigningKey[],
): Promise<void> {
  for (const row of rows.filter(({ sealedPrivateKey }) => !sealer.isCurrent(sealedPrivateKey))) {
    await stores[table].reseal(row.kid, reseal(row, sealer));
  }
}

async function retireOtherAlgorithms(
  stores: TransactionStores,
  { algorithm, tokenLifetimeSeconds, now, table }: Ring,
  rows: readonly SigningKey[],
): Promise<void> {
  const retiredAt = now();
  const lifetimeSeconds = Math.max(tokenLifetimeSeconds, LONGEST_CLIENT_TOKEN_LIFETIME_SECONDS);
  const lastTokenGone = new Date(retiredAt.getTime() + (lifetimeSeconds + RETIREMENT_SLACK_SECONDS) * 1000);
  for (const { kid, state, algorithm: itsAlgorithm } of rows) {
    if (state === 'retired' || itsAlgorithm === algorithm) continue;
    // A next key has signed nothing that would have to be waited for.
    const expiresAt = state === 'active' ? lastTokenGone : retiredAt;
    await stores[table].updateState(kid, { state: 'retired', retiredAt, expiresAt });
  }
}

async function fillVacancies(
  stores: TransactionStores,
  ring: Ring,
  rows: readonly SigningKey[],
): Promise<void> {
  const keyIn = (state: SigningKey['state']) =>
    rows.find((row) => row.state === state && row.algorithm === ring.algorithm);
  const next = keyIn('next');
  if (keyIn('active') !== undefined) {
    if (next === undefined) await createKey(stores, ring, 'next');
    return;
  }
  // Consumers have long seen the next key in the JWKS: it goes before a new one.
  if (next === undefined) await createKey(stores, ring, 'active');
  else await stores[ring.table].updateState(next.kid, { state: 'active', activatedAt: ring.now() });
  await createKey(stores, ring, 'next');
}

async function createKey(
  stores: TransactionStores,
  { algorithm, sealer, now, onKeyCreated, table }: Ring,
  state: 'active' | 'next',
): Promise<void> {
  const pair = await generateKeyPair(algorithm);
  const kid = jwkThumbprint(pair.publicJwk);
  const createdAt = now();
  const key: SigningKey = {
    kid,
    algorithm,
    state,
    publicJwk: pair.publicJwk,
    sealedPrivateKey: sealKeyPair(kid, algorithm, pair, sealer),
    createdAt,
    activatedAt: state === 'active' ? createdAt : null,
    retiredAt: null,
    expiresAt: null,
  };
  await stores[table].insert(key);
  await onKeyCreated?.(stores, summaryOf(key));
}
