import { ServiceError } from '#errors';
import { requireAuthorityOver } from '#rbac';
import type { Client, ClientForToken, ClientSecret } from '#storage';
import { changeInLock, noSuchClient } from './client-change.ts';
import { makeSecret } from './client-secret.ts';
import type { ClientDependencies, ClientSecretSummary, Clients } from './types.ts';

/** Two, so that one can take the other's place without a moment in which neither is good. */
const LIVE_AT_MOST = 2;
const OVERLAP_AT_MOST_SECONDS = 90 * 86_400;
/** Whoever uses a secret asks for a token at least as often as tokens expire; twice that is certain. */
const QUIET_LIFETIMES = 2;
const QUIET_AT_LEAST_SECONDS = 3600;

type SecretVerbs = Pick<Clients, 'secrets' | 'addSecret' | 'removeSecret'>;

export function createClientSecrets(dependencies: ClientDependencies): SecretVerbs {
  const { storage, audit, now, random, settings } = dependencies;

  function summaries(client: Client, secrets: readonly ClientSecret[]): ClientSecretSummary[] {
    const lifetime = client.tokenLifetimeSeconds ?? settings.accessTokenLifetimeSeconds;
    const quietSeconds = Math.max(QUIET_LIFETIMES * lifetime, QUIET_AT_LEAST_SECONDS);
    const quietSince = new Date(now().getTime() - quietSeconds * 1000);
    return secrets.map((secret) => {
      const { hash: _hash, ...shown } = secret;
      return { ...shown, isSafeToRemove: isSafeToRemove(secret, secrets, now(), quietSince) };
    });
  }

  return {
    async secrets(id) {
      const client = await storage.clients.find(id);
      if (client === null) throw noSuchClient();
      return summaries(client, await storage.clientSecrets.list(id));
    },

    async addSecret(asked, id, { expiresPreviousInSeconds } = {}) {
      checkOverlap(expiresPreviousInSeconds);
      const { text, stored } = makeSecret(random);
      return await changeInLock(
        dependencies,
        asked,
        id,
        async (stores, { client, permissions, secrets }, by) => {
          requireAuthorityOver(by, permissions, permissions);
          const at = now();
          const endsAt =
            expiresPreviousInSeconds === undefined
              ? null
              : new Date(at.getTime() + expiresPreviousInSeconds * 1000);
          const staying = expiresPreviousInSeconds === 0 ? [] : secrets;
          if (staying.length >= LIVE_AT_MOST) throw tooMany(client);
          if (endsAt !== null)
            await stores.clientSecrets.expire(
              secrets.map((secret) => secret.id),
              endsAt,
            );
          await stores.clientSecrets.deleteExpired(client.id, at);
          const secret = await stores.clientSecrets.insert({
            ...stored,
            id: random.uuid(),
            clientId: client.id,
            createdAt: at,
            expiresAt: null,
            lastUsedAt: null,
          });
          await audit.record(stores, {
            action: 'client.secret_added',
            actor: by,
            subject: { type: 'client', id: client.id },
            detail: { secret_id: secret.id, previous: secrets.length, previous_expire_at: endsAt },
          });
          const [summary] = summaries(client, [secret]);
          if (summary === undefined || text === null) throw new Error('a secret was made without a text');
          return { ...summary, text };
        },
      );
    },

    async removeSecret(asked, id, secretId, { force = false } = {}) {
      await changeInLock(dependencies, asked, id, async (stores, found, by) => {
        const { client, permissions, secrets } = found;
        requireAuthorityOver(by, permissions, permissions);
        if (!force && isLastCredential(found, secretId)) {
          throw new ServiceError(
            'in_use',
            'This is the only secret with which the client can get tokens. Add another first, or remove it with force=true.',
          );
        }
        if (!(await stores.clientSecrets.delete(client.id, secretId))) {
          throw new ServiceError('not_found', 'The client has no secret with this id.');
        }
        await audit.record(stores, {
          action: 'client.secret_removed',
          actor: by,
          subject: { type: 'client', id: client.id },
          detail: { secret_id: secretId, was_live: secrets.some((secret) => secret.id === secretId) },
        });
      });
    },
  };
}

function checkOverlap(seconds: number | undefined): void {
  if (seconds === undefined) return;
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= OVERLAP_AT_MOST_SECONDS) return;
  const message = `must be whole seconds from 0 to ${OVERLAP_AT_MOST_SECONDS}`;
  throw new ServiceError('validation_failed', undefined, {
    fields: [{ field: 'expires_previous_in', message }],
  });
}

function tooMany({ name }: Client): ServiceError {
  return new ServiceError(
    'in_use',
    `The client "${name}" has ${LIVE_AT_MOST} live secrets already. Remove one of them, or send expires_previous_in: 0 to end both now.`,
  );
}

/** Its keys are another way in, unless it may only use secrets. */
function isLastCredential({ client, secrets }: ClientForToken, secretId: string): boolean {
  const [only, ...others] = secrets;
  if (only?.id !== secretId || others.length > 0) return false;
  const hasKeys = client.jwks !== null || client.jwksUri !== null;
  return !(hasKeys && (client.tokenEndpointAuthMethod ?? 'private_key_jwt') === 'private_key_jwt');
}

/** Nobody has come with it for long enough, and with another live one somebody has since. An expired one is of no use. */
function isSafeToRemove(
  secret: ClientSecret,
  all: readonly ClientSecret[],
  now: Date,
  quietSince: Date,
): boolean {
  const isLive = ({ expiresAt }: ClientSecret) => expiresAt === null || expiresAt > now;
  if (!isLive(secret)) return true;
  const lastSeen = secret.lastUsedAt ?? secret.createdAt;
  const tookOver = (other: ClientSecret) =>
    other.id !== secret.id && isLive(other) && other.lastUsedAt !== null && other.lastUsedAt > lastSeen;
  return lastSeen < quietSince && all.some(tookOver);
}
