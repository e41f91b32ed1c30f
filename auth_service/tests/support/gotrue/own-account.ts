import { assertEmailFree, merge, readEmail } from './accounts.ts';
import { requireUser } from './bearer.ts';
import { type Answer, type Call, type Fields, readFields, readObject, readText } from './call.ts';
import { assertStrong, hashPassword, isPassword } from './passwords.ts';
import { Refusal } from './refusal.ts';
import type { GotrueUser } from './store.ts';
import { viewUser } from './user-view.ts';
import type { World } from './world.ts';

/** GET /user */
export function getUser(world: World, call: Call): Answer {
  return { status: 200, body: viewUser(requireUser(world, call).user) };
}

/** PUT /user */
export function updateUser(world: World, call: Call): Answer {
  const { user, session } = requireUser(world, call);
  const fields = readFields(call);
  const email = readText(fields, 'email') === '' ? user.email : readEmail(readText(fields, 'email'));
  if (fields.app_metadata != null) {
    throw new Refusal(403, 'not_admin', 'Updating app_metadata requires admin privileges');
  }
  assertEmailFree(world, email, user.id);
  const changesPassword = fields.password != null;
  const changed = {
    ...(changesPassword ? withPassword(world, user, fields) : user),
    newEmail: email === user.email ? user.newEmail : email,
    userMetadata: merge(user.userMetadata, readObject(fields, 'data')),
    updatedAt: world.now(),
  };
  if (changesPassword) {
    world.store.endSessions(({ id, userId }) => userId === user.id && id !== session?.id);
  }
  return { status: 200, body: viewUser(world.store.saveUser(changed)) };
}

function withPassword({ options }: World, user: GotrueUser, fields: Fields): GotrueUser {
  const password = readText(fields, 'password');
  const current = readText(fields, 'current_password');
  assertStrong(password);
  if (options.requireCurrentPassword && user.passwordHash !== null) {
    const message = 'Current password required when setting new password.';
    if (current === '') throw new Refusal(400, 'current_password_required', message);
    if (!isPassword(current, user.passwordHash)) {
      throw new Refusal(400, 'current_password_invalid', message);
    }
  }
  if (isPassword(password, user.passwordHash)) {
    throw new Refusal(422, 'same_password', 'New password should be different from the old password.');
  }
  return { ...user, passwordHash: hashPassword(password) };
}

/** POST /logout */
export function logOut(world: World, call: Call): Answer {
  const { user, session } = requireUser(world, call);
  const scope = call.query.get('scope') || 'global';
  if (!['global', 'local', 'others'].includes(scope)) {
    throw new Refusal(400, 'validation_failed', `Unsupported logout scope "${scope}"`);
  }
  world.store.endSessions(({ id, userId }) => {
    if (userId !== user.id) return false;
    if (session === null || scope === 'global') return true;
    return (id === session.id) === (scope === 'local');
  });
  return { status: 204 };
}
