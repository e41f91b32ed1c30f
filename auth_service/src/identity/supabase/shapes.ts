import { ServiceError } from '#errors';

/**
 * What GoTrue says when all is well is a person, or a session with one. Anything else comes from something between it
 * and here, and is no reason to tell anybody that they were refused, or to take a request for done.
 * @throws ServiceError `identity_unavailable`.
 */
export function requireAnswer(method: string, path: string, body: unknown): void {
  // Of these nothing is read but that they went well.
  if (method === 'DELETE' || path.startsWith('/logout')) return;
  const isSession = path.startsWith('/token') || (isObject(body) && body.access_token !== undefined);
  requireShape(isSession ? isSessionOfGotrue(body) : isPerson(body), path);
}

/** @throws ServiceError `identity_unavailable`. */
export function requireShape(isSo: boolean, path: string): void {
  if (isSo) return;
  const cause = new Error(`the answer to ${path.split('?')[0]} is none of GoTrue's`);
  throw new ServiceError('identity_unavailable', undefined, { cause, retryAfterSeconds: 1 });
}

export function isPerson(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, email, app_metadata, user_metadata, identities } = value;
  return (
    typeof id === 'string' &&
    (email == null || typeof email === 'string') &&
    (app_metadata == null || isObject(app_metadata)) &&
    (user_metadata == null || isObject(user_metadata)) &&
    (identities == null || Array.isArray(identities))
  );
}

function isSessionOfGotrue(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { access_token, refresh_token, expires_in, user } = value;
  return (
    [access_token, refresh_token].every((token) => typeof token === 'string' && token !== '') &&
    typeof expires_in === 'number' &&
    isPerson(user)
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
