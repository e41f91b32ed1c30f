import type { RevokingStores } from '#revocation';
import type { TransactionStores } from '#storage';
import type { OauthDependencies } from './types.ts';

/** No token of a client lives longer, whatever it was set to when the token was issued. */
const LIFETIME_MAX_SECONDS = 86_400;

type Revoking = Pick<OauthDependencies, 'revocations' | 'now'>;

export function afterLifetime(now: Date): Date {
  return new Date(now.getTime() + LIFETIME_MAX_SECONDS * 1000);
}

/** Everything that was issued to the client up to now: its access tokens and its refresh tokens. */
export async function endTokensOf(
  stores: TransactionStores,
  { revocations, now }: Revoking,
  clientId: string,
): Promise<void> {
  await stores.clientRefreshTokens.deleteOf(clientId);
  await revocations.revoke(stores, { kind: 'client', id: clientId, expiresAt: afterLifetime(now()) });
}

/**
 * What was issued to the client before this second, by a process that had not heard yet that it was switched off or
 * deleted: it must not come alive with the client.
 */
export async function endEarlierTokensOf(
  stores: RevokingStores,
  { revocations, now }: Revoking,
  clientId: string,
): Promise<void> {
  const at = now();
  const issuedUpTo = new Date(Math.floor(at.getTime() / 1000) * 1000 - 1);
  await revocations.revoke(stores, {
    kind: 'client',
    id: clientId,
    issuedUpTo,
    expiresAt: afterLifetime(at),
  });
}

/** A family of refresh tokens with every access token that came of it. @returns false when it was gone already. */
export async function endFamily(
  stores: TransactionStores,
  { revocations, now }: Revoking,
  familyId: string,
): Promise<boolean> {
  if (!(await stores.clientRefreshTokens.delete(familyId))) return false;
  await revocations.revoke(stores, { kind: 'session', id: familyId, expiresAt: afterLifetime(now()) });
  return true;
}
