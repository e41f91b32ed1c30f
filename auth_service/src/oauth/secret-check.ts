import { equalInConstantTime, sha256 } from '#crypto';
import { errorContext } from '#observability';
import type { ClientSecret } from '#storage';
import { createBcryptCheck } from './bcrypt-check.ts';
import type { CheckCredentials } from './client-proof.ts';
import type { SecretCredentials } from './credentials.ts';
import type { SecretUse } from './secret-use.ts';
import type { OauthDependencies } from './types.ts';

const DIGEST_BYTES = 32;

/**
 * One hash, whatever the client. Only a client whose imported bcrypt hash still waits for its first right secret takes
 * longer; ids are no secrets, so that tells nothing worth a slow hash on every unknown id.
 */
export function createSecretCheck(
  dependencies: OauthDependencies,
  secretUse: Pick<SecretUse, 'note'>,
): CheckCredentials<SecretCredentials> {
  const { random, hashSecret = sha256 } = dependencies;
  const findMatch = createSecretMatch(random.bytes(DIGEST_BYTES));
  const upgradeSecret = createSecretUpgrade(dependencies);

  return async ({ secret }, found) => {
    const digest = hashSecret(secret);
    const match = await findMatch(secret, digest, found?.secrets ?? []);
    if (match === null) return { refusal: 'wrong_secret' };
    return {
      refusal: null,
      async accept() {
        secretUse.note(match);
        if (match.algorithm === 'bcrypt') await upgradeSecret(match, digest);
        return null;
      },
    };
  };
}

/** @param dummy compared with when a client has no secret to compare with */
function createSecretMatch(dummy: Buffer) {
  const checkBcrypt = createBcryptCheck();
  return async (
    secret: string,
    digest: Buffer,
    secrets: readonly ClientSecret[],
  ): Promise<ClientSecret | null> => {
    const digests = secrets.filter(({ algorithm }) => algorithm === 'sha256');
    let match: ClientSecret | null = null;
    if (digests.length === 0) equalInConstantTime(digest, dummy);
    for (const candidate of digests) {
      if (equalInConstantTime(digest, Buffer.from(candidate.hash, 'base64url'))) match = candidate;
    }
    if (match !== null) return match;
    for (const candidate of secrets) {
      if (candidate.algorithm === 'bcrypt' && (await checkBcrypt(secret, candidate.hash))) match = candidate;
    }
    return match;
  };
}

/** An imported hash that has proved right once becomes a fast one. Two at once: the first one writes. */
function createSecretUpgrade({ storage, audit, logger }: OauthDependencies) {
  return async (secret: ClientSecret, digest: Buffer): Promise<void> => {
    try {
      await storage.transaction(async (stores) => {
        const upgraded = { algorithm: 'sha256', hash: digest.toString('base64url') } as const;
        if (!(await stores.clientSecrets.replaceHash(secret.id, secret.hash, upgraded))) return;
        await audit.record(stores, {
          action: 'client.secret_upgraded',
          actor: { type: 'client', id: secret.clientId },
          subject: { type: 'client', id: secret.clientId },
          detail: { secret_id: secret.id, from: 'bcrypt', to: 'sha256' },
        });
      });
    } catch (error) {
      // The secret was right: the client gets its token, and the next request tries again.
      logger.warning('an imported client secret could not be upgraded', {
        client_id: secret.clientId,
        error: errorContext(error),
      });
    }
  };
}
