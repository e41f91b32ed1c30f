import { ServiceError } from '#errors';
import { type DecodedToken, decodeToken } from '#keys';
import { CONTROL_CHARACTERS, type Parameters } from './parameters.ts';

export type Credentials = SecretCredentials | AssertionCredentials;

export interface SecretCredentials {
  readonly method: 'client_secret_basic' | 'client_secret_post';
  readonly clientId: string;
  readonly secret: string;
}

/** RFC 7523 §2.2. */
export interface AssertionCredentials {
  readonly method: 'private_key_jwt';
  /** Its `iss` and `sub`. */
  readonly clientId: string;
  readonly assertion: string;
  /** What it says; nobody has vouched for it yet. */
  readonly decoded: DecodedToken;
}

/** Why there is nothing to check. Whoever sent the request knows it already. */
export type CredentialFault =
  | 'no_credentials'
  | 'malformed_credentials'
  | 'unsupported_method'
  | 'unsupported_assertion_type'
  | 'malformed_assertion';

const BASIC = /^basic(?: +(.*))?$/is;
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** RFC 6749 §2.3.1. @throws ServiceError `invalid_request` when more than one method is used (§2.3). */
export function readCredentials(
  authorization: string | undefined,
  parameters: Parameters,
): Credentials | CredentialFault {
  const header = authorization?.trim() || undefined;
  const clientId = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  const assertion = parameters.get('client_assertion');
  if ([header, secret, assertion].filter((method) => method !== undefined).length > 1) {
    throw new ServiceError('invalid_request', 'Use one client authentication method per request.');
  }
  if (header !== undefined) return readHeader(header, clientId);
  if (assertion !== undefined) return readAssertion(assertion, parameters);
  if (clientId === undefined || secret === undefined) return 'no_credentials';
  return { method: 'client_secret_post', clientId, secret };
}

function readHeader(header: string, bodyClientId: string | undefined): Credentials | CredentialFault {
  const basic = BASIC.exec(header);
  if (basic === null) return 'unsupported_method';
  const pair = readBasic(basic[1] ?? '');
  if (pair === null) return 'malformed_credentials';
  // A body may name the client as well (RFC 6749 §3.2.1), but not another one.
  refuseOther(pair.clientId, bodyClientId, 'the Authorization header');
  return { method: 'client_secret_basic', ...pair };
}

/** RFC 7521 §4.2, RFC 7523 §3: it is issued by the client, about itself. */
function readAssertion(assertion: string, parameters: Parameters): Credentials | CredentialFault {
  if (parameters.get('client_assertion_type') !== ASSERTION_TYPE) return 'unsupported_assertion_type';
  const decoded = decodeToken(assertion);
  const { iss, sub } = decoded?.claims ?? {};
  if (decoded === null || typeof sub !== 'string' || sub === '' || iss !== sub) return 'malformed_assertion';
  refuseOther(sub, parameters.get('client_id'), 'client_assertion');
  return { method: 'private_key_jwt', clientId: sub, assertion, decoded };
}

function refuseOther(clientId: string, bodyClientId: string | undefined, place: string): void {
  if (bodyClientId === undefined || bodyClientId.toLowerCase() === clientId.toLowerCase()) return;
  throw new ServiceError('invalid_request', `client_id differs from the client in ${place}.`);
}

/** RFC 7617 §2 around RFC 6749 appendix B: both halves are form-urlencoded before they are joined. */
function readBasic(encoded: string): { clientId: string; secret: string } | null {
  try {
    const bytes = Buffer.from(encoded, 'base64');
    // Buffer forgives what is no base64; a round trip does not.
    if (bytes.toString('base64') !== encoded) return null;
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const colon = text.indexOf(':');
    if (colon < 0) return null;
    const clientId = formUrlDecode(text.slice(0, colon));
    const secret = formUrlDecode(text.slice(colon + 1));
    if (clientId === '' || secret === '' || CONTROL_CHARACTERS.test(clientId + secret)) return null;
    return { clientId, secret };
  } catch {
    return null;
  }
}

/** @throws URIError on a malformed percent sequence. */
function formUrlDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
