import { isServiceError, ServiceError } from '#errors';
import type { Client, RefreshTokenFamily } from '#storage';
import { endFamily } from './client-tokens.ts';
import type { Parameters } from './parameters.ts';
import { makeRefreshToken, parseRefreshToken } from './refresh-token.ts';
import type { OauthDependencies } from './types.ts';

interface RefreshFamilies {
  /**
   * The family whose newest token the request brings.
   * @throws ServiceError `unauthorized_client` for a client without refresh tokens, `invalid_grant`.
   */
  find(client: Client, parameters: Parameters, clientIp: string): Promise<RefreshTokenFamily>;
  /** The first token of a new family with this id, for these terms. */
  begin(client: Client, id: string, terms: Pick<RefreshTokenFamily, 'scope' | 'resources'>): Promise<string>;
  /** The next token of the family. @throws ServiceError `invalid_grant` when a request with the same came first. */
  advance(family: RefreshTokenFamily, clientIp: string): Promise<string>;
}

/**
 * Refresh tokens rotate (RFC 9700 §4.14.2): each is good once. One that comes a second time is in two hands, and since
 * nobody can tell the thief from the owner, its family ends. A client whose answer got lost has its own credentials
 * still, and begins anew.
 * @param sweepExpired called for each token that is made
 */
export function createRefreshFamilies(
  dependencies: OauthDependencies,
  sweepExpired: () => void,
): RefreshFamilies {
  const { storage, random, now, settings } = dependencies;
  const end = createFamilyEnd(dependencies);
  const expiryFrom = (time: Date) => new Date(time.getTime() + settings.refreshTokenLifetimeSeconds * 1000);

  return {
    async find(client, parameters, clientIp) {
      if (!client.refreshTokens) throw new ServiceError('unauthorized_client');
      const token = parseRefreshToken(parameters.get('refresh_token') ?? '');
      const family = token && (await storage.clientRefreshTokens.find(token.familyId, client.id));
      if (!family || family.expiresAt <= now()) throw new ServiceError('invalid_grant');
      return token.hash === family.tokenHash ? family : await end(family, clientIp);
    },

    async begin(client, id, { scope, resources }) {
      const createdAt = now();
      const { text, familyId, hash } = makeRefreshToken(id, random);
      const family = { id: familyId, clientId: client.id, tokenHash: hash, scope, resources };
      const times = { createdAt, refreshedAt: null, expiresAt: expiryFrom(createdAt) };
      await insertFamily(storage, { ...family, ...times });
      sweepExpired();
      return text;
    },

    async advance(family, clientIp) {
      const refreshedAt = now();
      const { text, hash: tokenHash } = makeRefreshToken(family.id, random);
      const next = { tokenHash, refreshedAt, expiresAt: expiryFrom(refreshedAt) };
      const isFirst = await storage.clientRefreshTokens.replaceHash(family.id, family.tokenHash, next);
      sweepExpired();
      return isFirst ? text : await end(family, clientIp);
    },
  };
}

async function insertFamily(
  { clientRefreshTokens }: OauthDependencies['storage'],
  family: RefreshTokenFamily,
): Promise<void> {
  try {
    await clientRefreshTokens.insert(family);
  } catch (error) {
    // The client was deleted or switched off since it was authenticated.
    if (isServiceError(error, 'not_found')) throw new ServiceError('invalid_client');
    throw error;
  }
}

/** The end stays, whatever is answered. Of many requests with the same token one finds a family to end. */
function createFamilyEnd(dependencies: OauthDependencies) {
  const { storage, audit } = dependencies;
  return async ({ id, clientId }: RefreshTokenFamily, clientIp: string): Promise<never> => {
    await storage.transaction(async (stores) => {
      if (!(await endFamily(stores, dependencies, id))) return;
      await audit.record(stores, {
        action: 'token.refresh_token_reused',
        outcome: 'failure',
        actor: { type: 'client', id: clientId },
        subject: { type: 'client', id: clientId },
        clientIp,
        detail: { family_id: id },
      });
    });
    throw new ServiceError(
      'invalid_grant',
      'This refresh token was used before, so that none of its family is good any more. Begin anew with client_credentials.',
    );
  };
}
