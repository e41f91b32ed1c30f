import { type FieldError, ServiceError } from '#errors';
import type { Client } from '#storage';
import { parseAbsoluteUri } from './absolute-uri.ts';
import { BCRYPT_HASH } from './bcrypt-check.ts';
import type { NewClientInput } from './types.ts';
import { UUID } from './uuid.ts';

const NAME_LENGTH = { min: 3, max: 100 };
const DESCRIPTION_MAX = 500;
const LIFETIME_MAX_SECONDS = 86_400;
const ENTRIES_MAX = 50;
const METHODS: readonly string[] = ['client_secret_basic', 'client_secret_post'];
/** Line breaks of every kind, and halves of characters, which UTF-8 cannot hold. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;
/** RFC 8252 §7.1: a domain name in reverse. The dot keeps `javascript:` and its like out. */
const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/;

export interface ValidClient
  extends Pick<
    Client,
    | 'name'
    | 'description'
    | 'allowedCallbackUrls'
    | 'allowedResources'
    | 'tokenEndpointAuthMethod'
    | 'tokenLifetimeSeconds'
  > {
  readonly id: string | null;
  /** Sorted, each once. */
  readonly roles: readonly string[];
  readonly importedSecretHash: string | null;
}

/** The input with its defaults. @throws ServiceError `validation_failed` naming every wrong field. */
export function validateNewClient(input: NewClientInput): ValidClient {
  const client: ValidClient = {
    id: input.id?.toLowerCase() ?? null,
    name: input.name.trim(),
    description: input.description?.trim() || null,
    roles: [...new Set(input.roles)].sort(),
    allowedCallbackUrls: [...new Set(input.allowedCallbackUrls)],
    allowedResources: [...new Set(input.allowedResources)],
    tokenLifetimeSeconds: input.tokenLifetimeSeconds ?? null,
    tokenEndpointAuthMethod: input.tokenEndpointAuthMethod ?? null,
    importedSecretHash: input.importedSecretHash ?? null,
  };
  const fields = [...identityFaults(client), ...uriFaults(client), ...tokenFaults(client)];
  if (fields.length > 0) throw new ServiceError('validation_failed', undefined, { fields });
  return client;
}

function identityFaults({ id, name, description, roles }: ValidClient): FieldError[] {
  const faults: FieldError[] = [];
  if (id !== null && !UUID.test(id)) faults.push({ field: 'client_id', message: 'must be a UUID' });
  const { min, max } = NAME_LENGTH;
  const length = [...name].length;
  if (length < min || length > max) {
    faults.push({ field: 'client_name', message: `must have ${min} to ${max} characters` });
  }
  if (UNPRINTABLE.test(name))
    faults.push({ field: 'client_name', message: 'must be printable, on one line' });
  if (description !== null && [...description].length > DESCRIPTION_MAX) {
    faults.push({ field: 'description', message: `must have at most ${DESCRIPTION_MAX} characters` });
  }
  if (description !== null && UNPRINTABLE.test(description)) {
    faults.push({ field: 'description', message: 'must be printable, on one line' });
  }
  if (roles.length > ENTRIES_MAX)
    faults.push({ field: 'assigned_roles', message: `takes at most ${ENTRIES_MAX}` });
  return faults;
}

function uriFaults({ allowedCallbackUrls, allowedResources }: ValidClient): FieldError[] {
  return [
    ...listFaults('allowed_callback_urls', allowedCallbackUrls, isCallbackUrl, CALLBACK_RULE),
    ...listFaults('allowed_resources', allowedResources, isResource, RESOURCE_RULE),
  ];
}

const CALLBACK_RULE = 'must be https, http on a loopback host or a private-use scheme, without fragment';
const RESOURCE_RULE = 'must be an absolute URI without fragment';

function listFaults(
  field: string,
  texts: readonly string[],
  isGood: (text: string) => boolean,
  rule: string,
): FieldError[] {
  if (texts.length > ENTRIES_MAX) return [{ field, message: `takes at most ${ENTRIES_MAX}` }];
  return texts.flatMap((text, index) =>
    isGood(text) ? [] : [{ field: `${field}.${index}`, message: rule }],
  );
}

function isCallbackUrl(text: string): boolean {
  const url = parseAbsoluteUri(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  if (url.protocol === 'https:') return true;
  if (url.protocol === 'http:') return LOOPBACK_HOST.test(url.hostname);
  return PRIVATE_USE_SCHEME.test(url.protocol);
}

function isResource(text: string): boolean {
  const url = parseAbsoluteUri(text);
  return url !== null && url.username === '' && url.password === '';
}

function tokenFaults(client: ValidClient): FieldError[] {
  const { tokenLifetimeSeconds: lifetime, tokenEndpointAuthMethod: method, importedSecretHash } = client;
  const faults: FieldError[] = [];
  if (
    lifetime !== null &&
    !(Number.isInteger(lifetime) && lifetime >= 1 && lifetime <= LIFETIME_MAX_SECONDS)
  ) {
    faults.push({
      field: 'token_lifetime_seconds',
      message: `must be whole seconds from 1 to ${LIFETIME_MAX_SECONDS}`,
    });
  }
  if (method !== null && !METHODS.includes(method)) {
    faults.push({ field: 'token_endpoint_auth_method', message: `must be one of: ${METHODS.join(', ')}` });
  }
  if (importedSecretHash !== null && !BCRYPT_HASH.test(importedSecretHash)) {
    faults.push({
      field: 'secret_hash',
      message: 'must be a bcrypt hash ($2a$, $2b$ or $2y$) of cost 4 to 15',
    });
  }
  return faults;
}
