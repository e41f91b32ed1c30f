import type { ClientForToken, RefreshTokenFamily } from '#storage';
import type { Grant } from './grants/grant.ts';
import type { Parameters } from './parameters.ts';
import { type Audience, chooseAudience, chooseGranted } from './resources.ts';
import { narrowGranted, narrowScopes } from './scopes.ts';
import type { OauthSettings } from './types.ts';

/** What a token is asked for. */
interface Terms {
  /** The asked subset of the permissions, sorted. Null: none was asked for, neither now nor before. */
  readonly scopes: readonly string[] | null;
  readonly audience: Audience;
}

interface Limits extends Pick<ClientForToken, 'client' | 'permissions'> {
  /** Null: nothing was given before. */
  readonly family: RefreshTokenFamily | null;
}

/** @throws ServiceError `invalid_scope`, `invalid_target`. */
export function chooseTerms(
  { policy }: Grant,
  parameters: Parameters,
  { client, permissions, family }: Limits,
  settings: OauthSettings,
): Terms {
  const scope = policy.takesScope ? parameters.get('scope') : undefined;
  const resources = policy.takesResource ? parameters.resources : [];
  if (family === null) {
    return {
      scopes: narrowScopes(scope, permissions),
      audience: chooseAudience(resources, client, settings),
    };
  }
  return {
    scopes: narrowGranted(scope, permissions, family.scope),
    audience: chooseGranted(resources, family.resources, client, settings),
  };
}
