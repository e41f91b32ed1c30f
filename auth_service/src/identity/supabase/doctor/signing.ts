import { isServiceError } from '#errors';
import { decodeToken, importKeys } from '#keys';
import type { AccessTokens } from '../access-tokens.ts';
import type { SupabaseSettings } from '../dependencies.ts';
import { type Finding, fault, ok } from './findings.ts';
import { describeReply, type Reply } from './question.ts';

const SET_THE_SECRET =
  "Set SUPABASE_JWT_SECRET to JWT_SECRET of Supabase's .env, or give Supabase key pairs: `sh utils/add-new-auth-keys.sh --update-env`, then `docker compose up -d`.";

/** What tokens of people can be checked with. @param reply to the question for the public keys */
export function judgeKeys(reply: Reply, { jwtSecret }: Pick<SupabaseSettings, 'jwtSecret'>): Finding {
  // An older GoTrue has none, and does not know the question.
  const isAnswered = reply.is === 'answer' && (reply.status === 200 || reply.status === 404);
  if (!isAnswered) {
    return fault('signing_keys', {
      detail: `The public keys cannot be fetched: ${describeReply(reply)}.`,
      cause: 'The gateway does not let /auth/v1/.well-known/jwks.json through without a key, as it should.',
      remedy: 'Take the gateway configuration of Supabase as it comes, where that path is open.',
    });
  }
  const listed = reply.body.keys;
  const count = Array.isArray(listed) ? importKeys(listed).length : 0;
  if (count > 0)
    return ok('signing_keys', `Supabase Auth has ${count} public ${count === 1 ? 'key' : 'keys'}.`);
  if (jwtSecret !== null) {
    return ok(
      'signing_keys',
      'Supabase Auth has no public keys; tokens are checked with SUPABASE_JWT_SECRET.',
    );
  }
  return fault('signing_keys', {
    detail: 'There is nothing to check the tokens of people with.',
    cause:
      'Supabase Auth has no public keys, so it signs with its secret, and SUPABASE_JWT_SECRET is not set.',
    remedy: SET_THE_SECRET,
  });
}

/** @param issuer the `iss` of a token that Supabase Auth has just issued */
export function judgeIssuer(issuer: unknown, settings: SupabaseSettings): Finding {
  const { issuers, acceptsTokensWithoutIssuer } = settings;
  const expected = issuers.join(',');
  if (issuer === undefined) {
    if (acceptsTokensWithoutIssuer) return ok('issuer', 'Tokens name no issuer, and are taken so.');
    return fault('issuer', {
      detail: 'Tokens of Supabase Auth name no issuer.',
      cause: 'GOTRUE_JWT_ISSUER is not set there, as in compose files from before May 2026.',
      remedy: `Add GOTRUE_JWT_ISSUER: "${issuers[0]}" to the service auth; until then set SUPABASE_JWT_ISSUER=${expected},none here.`,
    });
  }
  if (typeof issuer === 'string' && issuers.includes(issuer))
    return ok('issuer', `Tokens come from ${issuer}.`);
  return fault('issuer', {
    detail: `Tokens come from ${String(issuer)}, and ${expected} is expected.`,
    cause:
      'SUPABASE_URL is another address than the one Supabase Auth knows itself by (API_EXTERNAL_URL, GOTRUE_JWT_ISSUER).',
    remedy: `Set SUPABASE_JWT_ISSUER=${String(issuer)}`,
  });
}

/** Whether the tokens of people are taken here, by the very check that each request passes. */
export async function judgeToken(
  accessToken: string,
  tokens: AccessTokens,
  { jwtSecret }: Pick<SupabaseSettings, 'jwtSecret'>,
): Promise<Finding> {
  try {
    await tokens.read(accessToken);
    return ok('verification', 'The token of the probe user is taken here.');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const detail = `The token of the probe user is not taken here: ${reason}`;
    if (!isServiceError(error, 'invalid_token')) {
      const cause = 'The public keys could not be fetched.';
      return fault('verification', { detail, cause, remedy: 'See the finding signing_keys.' });
    }
    return fault('verification', { detail, ...reasonOf(accessToken, jwtSecret, reason) });
  }
}

function reasonOf(accessToken: string, jwtSecret: string | null, reason: string) {
  const algorithm = decodeToken(accessToken)?.header.alg;
  const isOfSignature = /signature|key and algorithm/.test(reason);
  if (isOfSignature && algorithm === 'HS256') {
    const cause =
      jwtSecret === null
        ? 'It is signed with the JWT secret, and SUPABASE_JWT_SECRET is not set.'
        : 'SUPABASE_JWT_SECRET is not the secret it is signed with.';
    return { cause, remedy: SET_THE_SECRET };
  }
  if (isOfSignature) {
    return {
      cause: 'The key it is signed with is not among the public ones.',
      remedy:
        'Let JWT_JWKS be made together with JWT_KEYS (`sh utils/add-new-auth-keys.sh --update-env`), then `docker compose up -d`.',
    };
  }
  if (/issuer/.test(reason)) {
    return { cause: 'It comes from another issuer than expected.', remedy: 'See the finding issuer.' };
  }
  return {
    cause:
      'The clocks differ, or the hook or a setting there gives it other claims than Supabase Auth usually does.',
    remedy: 'See the findings clock and hook; GOTRUE_JWT_AUD has to be authenticated.',
  };
}
