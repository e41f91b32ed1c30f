import { readRateLimit } from '#config';
import { type FieldError, ServiceError } from '#errors';
import type { Client } from '#storage';
import { parseAbsoluteUri } from './absolute-uri.ts';
import { clientKeyFaults } from './client-keys.ts';
import type { TokenEndpointAuthMethod } from './types.ts';

const NAME_LENGTH = { min: 3, max: 100 };
const DESCRIPTION_MAX = 500;
const LIFETIME_MAX_SECONDS = 86_400;
export const ENTRIES_MAX = 50;
/** Every way for a client to prove who it is. */
export const AUTH_METHODS: readonly TokenEndpointAuthMethod[] = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
];
/** Line breaks, halves of characters, and whatever is not seen: with it two names that look alike could differ. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const UNSEEN_RULE = 'must be on one line, without control or invisible characters';
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;
/** RFC 8252 §7.1: a domain name in reverse. The dot keeps `javascript:` and its like out. */
const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/;

/** What may be said of a client, as a whole: rules hold between columns, so that a change is judged with what stays. */
export type ClientColumns = Omit<Client, 'id' | 'createdAt' | 'updatedAt'>;

/**
 * The columns in one spelling: names trimmed, lists without repetitions.
 * @param others faults of what is given beside them
 * @throws ServiceError `validation_failed` naming every wrong field.
 */
export function validateColumns(given: ClientColumns, others: readonly FieldError[] = []): ClientColumns {
  const columns: ClientColumns = {
    ...given,
    name: given.name.trim(),
    description: given.description?.trim() || null,
    allowedCallbackUrls: [...new Set(given.allowedCallbackUrls)],
    allowedResources: [...new Set(given.allowedResources)],
  };
  const fields = [...others, ...columnFaults(columns)];
  if (fields.length > 0) throw new ServiceError('validation_failed', undefined, { fields });
  return columns;
}

function columnFaults(columns: ClientColumns): FieldError[] {
  return [
    ...nameFaults(columns),
    ...listFaults('allowed_callback_urls', columns.allowedCallbackUrls, isCallbackUrl, CALLBACK_RULE),
    ...listFaults('allowed_resources', columns.allowedResources, isResource, RESOURCE_RULE),
    ...lifetimeFaults(columns),
    ...rateFaults(columns),
    ...methodFaults(columns),
    ...clientKeyFaults(columns),
  ];
}

function nameFaults({ name, description }: ClientColumns): FieldError[] {
  const faults: FieldError[] = [];
  const { min, max } = NAME_LENGTH;
  const length = [...name].length;
  if (length < min || length > max) {
    faults.push({ field: 'client_name', message: `must have ${min} to ${max} characters` });
  }
  if (UNSEEN.test(name)) faults.push({ field: 'client_name', message: UNSEEN_RULE });
  if (description !== null && [...description].length > DESCRIPTION_MAX) {
    faults.push({ field: 'description', message: `must have at most ${DESCRIPTION_MAX} characters` });
  }
  if (description !== null && UNSEEN.test(description)) {
    faults.push({ field: 'description', message: UNSEEN_RULE });
  }
  return faults;
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

function lifetimeFaults({ tokenLifetimeSeconds: lifetime }: ClientColumns): FieldError[] {
  if (lifetime === null) return [];
  if (Number.isInteger(lifetime) && lifetime >= 1 && lifetime <= LIFETIME_MAX_SECONDS) return [];
  const message = `must be whole seconds from 1 to ${LIFETIME_MAX_SECONDS}`;
  return [{ field: 'token_lifetime_seconds', message }];
}

/** In the one spelling that is stored. */
const RATE_LIMIT = /^(?:off|[1-9]\d{0,6}\/(?:second|minute|hour|day))$/;

function rateFaults({ rateLimit }: ClientColumns): FieldError[] {
  if (rateLimit === null || (RATE_LIMIT.test(rateLimit) && readRateLimit(rateLimit) !== null)) return [];
  const message = 'must be like 600/minute (second, minute, hour or day), or off';
  return [{ field: 'rate_limit', message }];
}

function methodFaults({ tokenEndpointAuthMethod: method, jwks, jwksUri }: ClientColumns): FieldError[] {
  const field = 'token_endpoint_auth_method';
  if (method === null) return [];
  if (!AUTH_METHODS.some((known) => known === method)) {
    return [{ field, message: `must be one of: ${AUTH_METHODS.join(', ')}` }];
  }
  if (method !== 'private_key_jwt' || jwks !== null || jwksUri !== null) return [];
  return [{ field, message: 'needs the public keys of the client: give jwks or jwks_uri as well' }];
}
