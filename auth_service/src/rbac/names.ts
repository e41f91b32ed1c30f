import { type FieldError, ServiceError } from '#errors';

/** `noun:verb` in ASCII: what looks alike is alike, and a name is safe in a scope, a log and a shell. */
export const PERMISSION_NAME = /^[a-z][a-z0-9_.-]{0,63}:[a-z][a-z0-9_.-]{0,63}$/;
export const ROLE_NAME = /^[a-z][a-z0-9_.-]{0,63}$/;

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const MAX_DESCRIPTION = 500;
/** Line breaks and other controls, halves of characters, and whatever is not seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

export type Noun = 'role' | 'permission';

/**
 * @param name undefined: it stays as it is
 * @throws ServiceError `validation_failed`, naming every field that is wrong.
 */
export function checkNames(noun: Noun, name: string | undefined, description: string | null): void {
  const fields: FieldError[] = [];
  const nameFault = name === undefined ? undefined : faultOfName(noun, name);
  if (nameFault !== undefined) fields.push({ field: 'name', message: nameFault });
  const descriptionFault = faultOfDescription(description);
  if (descriptionFault !== undefined) fields.push({ field: 'description', message: descriptionFault });
  if (fields.length > 0) throw new ServiceError('validation_failed', undefined, { fields });
}

function faultOfName(noun: Noun, name: string): string | undefined {
  return noun === 'role' ? roleNameFault(name) : permissionNameFault(name);
}

function permissionNameFault(name: string): string | undefined {
  if (PERMISSION_NAME.test(name)) return undefined;
  return 'A permission is noun:verb, such as orders:read; each part is a small letter, then up to 63 of a-z 0-9 _ . -';
}

function roleNameFault(name: string): string | undefined {
  if (!ROLE_NAME.test(name)) return 'A role name is a small letter, then up to 63 of a-z 0-9 _ . -';
  // Roles are found by name or by id: one named like the id of another would stand in for it.
  return UUID.test(name) ? 'A role name may not look like an id.' : undefined;
}

function faultOfDescription(description: string | null): string | undefined {
  if (description === null) return undefined;
  if ([...description].length > MAX_DESCRIPTION) {
    return `A description has at most ${MAX_DESCRIPTION} characters.`;
  }
  return UNSEEN.test(description)
    ? 'A description is one line without control or invisible characters.'
    : undefined;
}
