import { type FieldError, ServiceError } from '#errors';
import { BCRYPT_HASH } from './bcrypt-check.ts';
import { type ClientColumns, ENTRIES_MAX, validateColumns } from './client-columns.ts';
import type { NewClientInput } from './types.ts';
import { UUID } from './uuid.ts';

export interface ValidClient {
  readonly id: string | null;
  readonly columns: ClientColumns;
  /** Sorted, each once. */
  readonly roles: readonly string[];
  readonly importedSecretHash: string | null;
  readonly makesSecret: boolean;
}

/** The input with its defaults. @throws ServiceError `validation_failed` naming every wrong field. */
export function validateNewClient(input: NewClientInput): ValidClient {
  const { id: givenId, roles: givenRoles = [], importedSecretHash, makesSecret = true, ...given } = input;
  const { columns, unknown } = columnsOf(given);
  const id = givenId?.toLowerCase() ?? null;
  const roles = sortedOnce(givenRoles);
  const others = [
    ...(id === null || UUID.test(id) ? [] : [{ field: 'client_id', message: 'must be a UUID' }]),
    ...roleFaults(roles),
    ...secretFaults(input),
    ...unknown.map((field) => ({ field, message: 'is not known' })),
  ];
  const valid = validateColumns(columns, others);
  return { id, columns: valid, roles, importedSecretHash: importedSecretHash ?? null, makesSecret };
}

/** Sorted, each once. @throws ServiceError `validation_failed`. */
export function rolesOf(given: readonly string[]): readonly string[] {
  const roles = sortedOnce(given);
  const fields = roleFaults(roles);
  if (fields.length > 0) throw new ServiceError('validation_failed', undefined, { fields });
  return roles;
}

function sortedOnce(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function roleFaults(roles: readonly string[]): FieldError[] {
  if (roles.length <= ENTRIES_MAX) return [];
  return [{ field: 'assigned_roles', message: `takes at most ${ENTRIES_MAX}` }];
}

/** Unknown are names that no compiler has seen: what is left out here must not be lost in silence. */
function columnsOf(given: Omit<NewClientInput, 'id' | 'roles' | 'importedSecretHash' | 'makesSecret'>): {
  columns: ClientColumns;
  unknown: string[];
} {
  const { name, description, isActive, refreshTokens, jwks, jwksUri, ...access } = given;
  const { allowedCallbackUrls, allowedResources, tokenEndpointAuthMethod, ...bounds } = access;
  const { tokenLifetimeSeconds, rateLimit, ...rest } = bounds;
  const columns = {
    name,
    description: description ?? null,
    isActive: isActive ?? true,
    allowedCallbackUrls: [...(allowedCallbackUrls ?? [])],
    allowedResources: [...(allowedResources ?? [])],
    tokenLifetimeSeconds: tokenLifetimeSeconds ?? null,
    rateLimit: rateLimit ?? null,
    tokenEndpointAuthMethod: tokenEndpointAuthMethod ?? null,
    refreshTokens: refreshTokens ?? false,
    jwks: jwks ?? null,
    jwksUri: jwksUri ?? null,
  };
  return { columns, unknown: Object.keys(rest satisfies Record<string, never>) };
}

function secretFaults({ importedSecretHash: hash, tokenEndpointAuthMethod }: NewClientInput): FieldError[] {
  const field = 'secret_hash';
  if (hash === undefined) return [];
  if (tokenEndpointAuthMethod === 'private_key_jwt') {
    return [{ field, message: 'must be left out: a client with private_key_jwt has no secret' }];
  }
  if (BCRYPT_HASH.test(hash)) return [];
  return [{ field, message: 'must be a bcrypt hash ($2a$, $2b$ or $2y$) of cost 4 to 15' }];
}
