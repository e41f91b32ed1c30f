import { isUtf8 } from 'node:buffer';
import type { DecodedToken } from './types.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** The parts of a JWS compact form (RFC 7515 §7.1). The payload is left alone until the signature holds. */
export interface TokenParts {
  readonly header: JsonObject;
  readonly payload: string;
  readonly signingInput: string;
  readonly signature: Buffer;
}

const MAX_TOKEN_LENGTH = 16 * 1024;

/** Null: not a JWS in its strict form. */
export function splitToken(token: string): TokenParts | null {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) return null;
  const parts = token.split('.');
  const [encodedHeader, payload, encodedSignature] = parts;
  if (parts.length !== 3 || encodedHeader === undefined || payload === undefined) return null;
  const header = parseJsonObject(encodedHeader);
  const signature = decodeBase64url(encodedSignature ?? '');
  if (header === null || signature === null) return null;
  return { header, payload, signingInput: `${encodedHeader}.${payload}`, signature };
}

/** Null: not the base64url of a JSON object in UTF-8 whose member names are unique (RFC 7515 §4, RFC 7519 §4). */
export function parseJsonObject(encoded: string): JsonObject | null {
  const bytes = decodeBase64url(encoded);
  if (bytes === null || !isUtf8(bytes)) return null;
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return hasRepeatedMember(text) ? null : (value as JsonObject);
}

/**
 * Header and claims without any check of who made them: for choosing the policy to verify by, from the issuer.
 * Null: not a JWT in its strict form.
 */
export function decodeToken(token: string): DecodedToken | null {
  const parts = splitToken(token);
  const claims = parts && parseJsonObject(parts.payload);
  return parts && claims && { header: parts.header, claims };
}

// Node's decoder forgives padding, foreign characters and stray bits at the end. One value has one text here.
function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}

const NAME_OR_BRACKET = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[{}]/g;

// JSON.parse keeps the last of two members of one name, other parsers the first: two readers, two meanings.
function hasRepeatedMember(validJson: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, name, colon] of validJson.matchAll(NAME_OR_BRACKET)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined && name !== undefined) {
      const plainName = name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name;
      const names = open.at(-1);
      if (names?.has(plainName)) return true;
      names?.add(plainName);
    }
  }
  return false;
}
