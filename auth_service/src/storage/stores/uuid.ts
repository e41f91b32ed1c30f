import { ServiceError } from '#errors';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What is no UUID is no row's id, and PostgreSQL would refuse it as an error. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** For links: a row that cannot be is not there. */
export function requireUuids(...ids: readonly string[]): void {
  if (!ids.every(isUuid)) throw new ServiceError('not_found');
}
