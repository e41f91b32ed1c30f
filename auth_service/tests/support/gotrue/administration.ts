import { createHash } from 'node:crypto';
import { assertEmailFree, confirmed, merge, newUser, readBan, readEmail, UUID } from './accounts.ts';
import { requireAdmin } from './bearer.ts';
import { type Answer, type Call, type Fields, readFields, readFlag, readObject, readText } from './call.ts';
import { assertStrong, hashPassword } from './passwords.ts';
import { Refusal } from './refusal.ts';
import type { GotrueUser } from './store.ts';
import { viewUser } from './user-view.ts';
import type { World } from './world.ts';

/** POST /admin/users */
export function createUser(world: World, call: Call): Answer {
  requireAdmin(world, call);
  const { store, now } = world;
  const fields = readFields(call);
  const id = readText(fields, 'id');
  const text = readText(fields, 'email');
  if (text === '') {
    throw new Refusal(400, 'validation_failed', 'Cannot create a user without either an email or phone');
  }
  if (id !== '' && !UUID.test(id)) throw new Refusal(400, 'validation_failed', 'ID must be a valid UUID');
  const email = readEmail(text);
  assertEmailFree(world, email);
  if (store.users.has(id.toLowerCase())) {
    throw new Refusal(500, 'unexpected_failure', 'Database error creating new user');
  }
  const data = readObject(fields, 'user_metadata');
  const user = newUser(now(), { email, password: readText(fields, 'password') || null, data });
  return saved(world, {
    ...withAdministered(world, user, fields),
    id: id.toLowerCase() || user.id,
    passwordHash: readText(fields, 'password_hash') || user.passwordHash,
    identity: { id: crypto.randomUUID(), data: {} },
  });
}

/** GET /admin/users/:id */
export function getOne(world: World, call: Call, id: string): Answer {
  requireAdmin(world, call);
  return { status: 200, body: viewUser(findUser(world, id)) };
}

/** PUT /admin/users/:id */
export function changeOne(world: World, call: Call, id: string): Answer {
  requireAdmin(world, call);
  const user = findUser(world, id);
  const fields = readFields(call);
  const email = readText(fields, 'email') === '' ? user.email : readEmail(readText(fields, 'email'));
  if (email !== user.email) assertEmailFree(world, email, user.id);
  const password = readText(fields, 'password');
  if (password !== '') assertStrong(password);
  const changed = {
    ...user,
    email,
    passwordHash: password === '' ? user.passwordHash : hashPassword(password),
    userMetadata: merge(user.userMetadata, readObject(fields, 'user_metadata')),
    updatedAt: world.now(),
  };
  const answer = saved(world, withAdministered(world, changed, fields));
  if (password !== '') world.store.endSessions(({ userId }) => userId === user.id);
  return answer;
}

/** DELETE /admin/users/:id */
export function deleteOne(world: World, call: Call, id: string): Answer {
  requireAdmin(world, call);
  const user = findUser(world, id);
  const isSoft = call.text !== '' && readFlag(readFields(call), 'should_soft_delete');
  if (isSoft) softDelete(world, user);
  else world.store.removeUser(user.id);
  return { status: 200, body: {} };
}

/** @throws Refusal of what is no uuid, or nobody's */
function findUser({ store }: World, id: string): GotrueUser {
  if (!UUID.test(id)) throw new Refusal(404, 'validation_failed', 'user_id must be an UUID');
  const user = store.users.get(id.toLowerCase());
  if (user === undefined) throw new Refusal(404, 'user_not_found', 'User not found');
  return user;
}

/** What only an administrator says of a user. */
function withAdministered({ now }: World, user: GotrueUser, fields: Fields): GotrueUser {
  const administered = {
    ...user,
    role: readText(fields, 'role') || user.role,
    appMetadata: merge(user.appMetadata, readObject(fields, 'app_metadata')),
    bannedUntil: readBan(readText(fields, 'ban_duration'), user.bannedUntil, now()),
  };
  return readFlag(fields, 'email_confirm') ? confirmed(administered, now()) : administered;
}

function saved({ store }: World, user: GotrueUser): Answer {
  return { status: 200, body: viewUser(store.saveUser(user)) };
}

/** The row stays, and nothing in it tells whose it was. */
function softDelete({ store, now }: World, user: GotrueUser): void {
  if (user.deletedAt !== null) return;
  store.endSessions(({ userId }) => userId === user.id);
  store.dropOneTimeTokens(user.id);
  store.saveUser({
    ...user,
    email: createHash('sha256').update(`${user.id}${user.email}`).digest('base64url'),
    passwordHash: null,
    appMetadata: {},
    userMetadata: {},
    identity: null,
    deletedAt: now(),
    updatedAt: now(),
  });
}
