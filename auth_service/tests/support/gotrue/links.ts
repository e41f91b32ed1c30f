import { randomBytes } from 'node:crypto';
import {
  assertEmailFree,
  confirmed,
  hashCode,
  isBanned,
  mail,
  merge,
  newUser,
  readEmail,
} from './accounts.ts';
import { requireAdmin } from './bearer.ts';
import { type Answer, type Call, type Fields, readFields, readObject, readText } from './call.ts';
import { assertStrong, hashPassword } from './passwords.ts';
import { Refusal } from './refusal.ts';
import { signIn } from './sessions.ts';
import type { GotrueUser, OneTimeToken } from './store.ts';
import { viewUser } from './user-view.ts';
import type { World } from './world.ts';

const SITE_URL = 'http://localhost:3000';
const CODE_LIFETIME_MS = 86_400_000;
const KINDS: Readonly<Record<string, readonly OneTimeToken['kind'][]>> = {
  signup: ['confirmation'],
  invite: ['confirmation'],
  magiclink: ['recovery'],
  recovery: ['recovery'],
  email: ['confirmation', 'recovery'],
};

/** POST /admin/generate_link: what a mail would have said. */
export function generateLink(world: World, call: Call): Answer {
  requireAdmin(world, call);
  const fields = readFields(call);
  const asked = readText(fields, 'type');
  const email = readEmail(readText(fields, 'email'));
  const holder = world.store.findByEmail(email);
  // A magic link for somebody new is a sign-up.
  const type = asked === 'magiclink' && holder === undefined ? 'signup' : asked;
  const addressee = addresseeOf(world, fields, { type, isMagic: asked === 'magiclink', email, holder });
  const isRecovery = type === 'magiclink' || type === 'recovery';
  const { otp, hash, user } = mail(world, addressee, isRecovery ? 'recovery' : 'confirmation');
  const redirectTo = call.query.get('redirect_to') || readText(fields, 'redirect_to') || SITE_URL;
  const query = new URLSearchParams({ token: hash, type, redirect_to: redirectTo });
  return {
    status: 200,
    body: {
      ...viewUser(user),
      action_link: `${world.issuer}/verify?${query}`,
      email_otp: otp,
      hashed_token: hash,
      verification_type: type,
      redirect_to: redirectTo,
    },
  };
}

function addresseeOf(
  world: World,
  fields: Fields,
  asked: { type: string; isMagic: boolean; email: string; holder: GotrueUser | undefined },
): GotrueUser {
  const { type, email, holder } = asked;
  if (type === 'signup') {
    const password = asked.isMagic ? randomBytes(16).toString('hex') : readText(fields, 'password');
    if (password === '') throw new Refusal(400, 'validation_failed', 'Signup requires a valid password');
    assertStrong(password);
    return unconfirmed(world, email, holder, { password, data: readObject(fields, 'data') });
  }
  if (type === 'invite') return invited(world, email, holder, readObject(fields, 'data'));
  if (type !== 'magiclink' && type !== 'recovery') {
    throw new Refusal(400, 'validation_failed', `Invalid email action link type requested: ${type}`);
  }
  if (holder === undefined) throw new Refusal(404, 'user_not_found', 'User with this email not found');
  return holder;
}

function unconfirmed(
  world: World,
  email: string,
  holder: GotrueUser | undefined,
  { password, data }: { password: string; data: Fields },
): GotrueUser {
  if (holder === undefined) return newUser(world.now(), { email, password, data });
  if (holder.emailConfirmedAt !== null) assertEmailFree(world, email);
  const userMetadata = merge(holder.userMetadata, data);
  return { ...holder, passwordHash: hashPassword(password), userMetadata };
}

function invited(world: World, email: string, holder: GotrueUser | undefined, data: Fields): GotrueUser {
  if (holder !== undefined && holder.emailConfirmedAt !== null) assertEmailFree(world, email);
  const user = holder ?? newUser(world.now(), { email, password: null, data });
  return { ...user, invitedAt: world.now() };
}

/** POST /invite */
export function invite(world: World, call: Call): Answer {
  requireAdmin(world, call);
  const fields = readFields(call);
  const email = readEmail(readText(fields, 'email'));
  const user = invited(world, email, world.store.findByEmail(email), readObject(fields, 'data'));
  return { status: 200, body: viewUser(mail(world, user, 'confirmation').user) };
}

/** POST /verify */
export async function verify(world: World, call: Call): Promise<Answer> {
  const fields = readFields(call);
  const user = world.store.users.get(findToken(world, fields).userId);
  if (user === undefined) throw expired('');
  if (isBanned(user, world.now())) throw new Refusal(403, 'user_banned', 'User is banned');
  const answer = await signIn(world, call, confirmed(user, world.now()), 'otp');
  world.store.dropOneTimeTokens(user.id);
  return answer;
}

function findToken({ store, now }: World, fields: Fields): OneTimeToken {
  const [type, code, given, email] = ['type', 'token', 'token_hash', 'email'].map((name) =>
    readText(fields, name),
  );
  const kinds = KINDS[type ?? ''];
  if (kinds === undefined) throw new Refusal(400, 'validation_failed', 'Verify requires a verification type');
  if (!code === !given) {
    throw new Refusal(400, 'validation_failed', 'Verify requires either a token or a token hash');
  }
  if (given && (email || readText(fields, 'phone') || readText(fields, 'redirect_to'))) {
    throw new Refusal(400, 'validation_failed', 'Only the token_hash and type should be provided');
  }
  if (code && !email) {
    throw new Refusal(
      400,
      'validation_failed',
      'Only an email address or phone number should be provided on verify',
    );
  }
  const token = store.oneTimeTokens.get(given || hashCode((email ?? '').toLowerCase(), code ?? ''));
  const isAlive = token !== undefined && now().getTime() < token.createdAt.getTime() + CODE_LIFETIME_MS;
  if (!isAlive || !kinds.includes(token.kind)) throw expired(given ?? '');
  return token;
}

function expired(hash: string): Refusal {
  const message = hash ? 'Email link is invalid or has expired' : 'Token has expired or is invalid';
  return new Refusal(403, 'otp_expired', message);
}
