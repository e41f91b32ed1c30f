import { ServiceError } from '#errors';
import type { Client } from '#storage';
import { normaliseUri, parseAbsoluteUri } from './absolute-uri.ts';
import type { OauthSettings } from './types.ts';

const ASKED_AT_MOST = 32;

/** Whom a token is for. */
export interface Audience {
  readonly aud: string | readonly string[];
  /** Those that were asked for, as they were registered; empty when none was. */
  readonly resources: readonly string[];
  /** Meant for this service's own API, which trusts the key ring alone. */
  readonly isOwnApi: boolean;
}

/**
 * RFC 8707 §2: `aud` holds the asked resources, spelled as they were registered, and nothing else.
 * @throws ServiceError `invalid_target`.
 */
export function chooseAudience(
  asked: readonly string[],
  { allowedResources }: Client,
  { audience, publicUrl }: OauthSettings,
): Audience {
  if (asked.length === 0) return { aud: audience, resources: [], isOwnApi: false };
  if (asked.length > ASKED_AT_MOST) {
    throw new ServiceError('invalid_target', `At most ${ASKED_AT_MOST} resources may be asked for at once.`);
  }
  const allowed = allowedByKey(allowedResources, publicUrl);
  const audiences = [...new Set(asked.map((resource) => findAllowed(resource, allowed)))];
  const isOwnApi = publicUrl !== null && audiences.includes(publicUrl);
  if (isOwnApi && audiences.length > 1) {
    throw new ServiceError(
      'invalid_target',
      'This service cannot share a token with other resources, which could then use its API as the client. Ask for it in a token of its own.',
    );
  }
  const [only] = audiences;
  const aud = audiences.length === 1 && only !== undefined ? only : audiences;
  return { aud, resources: audiences, isOwnApi };
}

/**
 * The same within what a refresh token stands for (RFC 8707 §2.2). A resource the client has lost since is refused, not
 * left out: without any the token would be for everybody.
 * @throws ServiceError `invalid_target`.
 */
export function chooseGranted(
  asked: readonly string[],
  granted: readonly string[],
  client: Client,
  settings: OauthSettings,
): Audience {
  const chosen = chooseAudience(asked.length === 0 ? granted : asked, client, settings);
  if (!chosen.resources.every((resource) => granted.includes(resource))) {
    throw new ServiceError('invalid_target', 'The refresh token is not good for this resource.');
  }
  return chosen;
}

/** PUBLIC_URL is entered last, so that a registered spelling of it never passes for a foreign resource. */
function allowedByKey(
  allowedResources: readonly string[],
  publicUrl: string | null,
): ReadonlyMap<string, string> {
  const allowed = new Map<string, string>();
  for (const resource of [...allowedResources, ...(publicUrl === null ? [] : [publicUrl])]) {
    const uri = parseAbsoluteUri(resource);
    if (uri !== null) allowed.set(normaliseUri(uri), resource);
  }
  return allowed;
}

function findAllowed(asked: string, allowed: ReadonlyMap<string, string>): string {
  const uri = parseAbsoluteUri(asked);
  if (uri === null) {
    throw new ServiceError('invalid_target', 'resource must be an absolute URI without fragment.');
  }
  const resource = allowed.get(normaliseUri(uri));
  if (resource === undefined) throw new ServiceError('invalid_target');
  return resource;
}
