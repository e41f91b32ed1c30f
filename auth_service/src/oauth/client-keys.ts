import type { JsonWebKey } from 'node:crypto';
import { importPublicJwk } from '#crypto';
import type { FieldError } from '#errors';
import type { Client, JsonWebKeySet } from '#storage';
import { parseAbsoluteUri } from './absolute-uri.ts';
import { isPublicAddress } from './public-address.ts';

const KEYS_MAX = 10;
const BYTES_MAX = 16_384;
const URI_LENGTH_MAX = 2000;
const KID_LENGTH_MAX = 256;
const ADDRESS = /^(?:[\d.]+|\[.*\])$/;

type KeyColumns = Pick<Client, 'jwks' | 'jwksUri'>;

/** What is wrong with where a client's public keys are: in its own row, or behind a URL (RFC 7591 §2). */
export function clientKeyFaults({ jwks, jwksUri }: KeyColumns): FieldError[] {
  if (jwks !== null && jwksUri !== null) {
    return [{ field: 'jwks', message: 'must not stand beside jwks_uri: keep one of them' }];
  }
  return [...(jwks === null ? [] : keySetFaults(jwks)), ...(jwksUri === null ? [] : uriFaults(jwksUri))];
}

/** It may come from outside as it is: nothing but its being JSON is taken for granted. */
function keySetFaults(jwks: JsonWebKeySet): FieldError[] {
  const keys: unknown = jwks.keys;
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > KEYS_MAX) {
    return [{ field: 'jwks', message: `must be {"keys": […]} with 1 to ${KEYS_MAX} public keys` }];
  }
  if (!fitsInBytes(jwks)) {
    return [{ field: 'jwks', message: `must have at most ${BYTES_MAX} bytes as JSON` }];
  }
  const kids = new Set<unknown>();
  return keys.flatMap((key, index) => {
    const message = keyFault(key) ?? (kids.has(key.kid) ? 'has the kid of another key' : undefined);
    if (message === undefined && key.kid !== undefined) kids.add(key.kid);
    return message === undefined ? [] : [{ field: `jwks.keys.${index}`, message }];
  });
}

function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return 'must be a JSON Web Key';
  if ('kid' in key && !isKid(key.kid)) return `must have a kid of 1 to ${KID_LENGTH_MAX} characters, or none`;
  try {
    importPublicJwk(key as JsonWebKey);
    return undefined;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

function isKid(kid: unknown): boolean {
  return typeof kid === 'string' && kid !== '' && kid.length <= KID_LENGTH_MAX;
}

function fitsInBytes(jwks: JsonWebKeySet): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(jwks)) <= BYTES_MAX;
  } catch {
    // Nested too deep to be written.
    return false;
  }
}

function uriFaults(text: string): FieldError[] {
  const uri = text.length > URI_LENGTH_MAX ? null : parseAbsoluteUri(text);
  if (uri === null || uri.protocol !== 'https:' || uri.username !== '' || uri.password !== '') {
    const message = `must be an https URL of up to ${URI_LENGTH_MAX} characters, without user and fragment`;
    return [{ field: 'jwks_uri', message }];
  }
  // What a name stands for is looked up, and judged, each time the keys are fetched.
  if (ADDRESS.test(uri.hostname) && !isPublicAddress(uri.hostname.replace(/^\[|\]$/g, ''))) {
    return [{ field: 'jwks_uri', message: 'must not lead to a private, local or reserved address' }];
  }
  return [];
}
