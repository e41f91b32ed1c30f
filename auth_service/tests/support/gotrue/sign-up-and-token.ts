import { assertMayBeMailed, confirmed, isBanned, mail, newUser, readEmail } from './accounts.ts';
import { type Answer, type Call, readFields, readObject, readText } from './call.ts';
import { assertStrong, isPassword } from './passwords.ts';
import { Refusal } from './refusal.ts';
import { refresh, signIn } from './sessions.ts';
import { viewObfuscated, viewUser } from './user-view.ts';
import type { World } from './world.ts';

/** POST /signup */
export async function signUp(world: World, call: Call): Promise<Answer> {
  const { store, options, now } = world;
  world.countRequest('/signup', call.address);
  const fields = readFields(call);
  const password = readText(fields, 'password');
  const data = readObject(fields, 'data');
  assertMaySignUp(world, readText(fields, 'email'), readText(fields, 'phone'), password);
  const email = readEmail(readText(fields, 'email'));

  const holder = store.findByEmail(email);
  if (holder !== undefined && holder.emailConfirmedAt !== null) {
    if (options.confirmsAutomatically) {
      throw new Refusal(422, 'user_already_exists', 'User already registered');
    }
    return { status: 200, body: viewObfuscated(email, data, now()) };
  }
  // Nobody has shown that an unconfirmed address is theirs: its password and its data stay.
  const user = holder ?? newUser(now(), { email, password, data });
  if (options.confirmsAutomatically) {
    return await signIn(world, call, store.saveUser(confirmed(user, now())), 'password');
  }
  assertMayBeMailed(user.confirmationSentAt, now());
  return { status: 200, body: viewUser(mail(world, user, 'confirmation').user) };
}

function assertMaySignUp({ options }: World, email: string, phone: string, password: string): void {
  if (email === '' && phone === '') {
    throw new Refusal(422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled');
  }
  if (options.disableSignup) {
    throw new Refusal(422, 'signup_disabled', 'Signups not allowed for this instance');
  }
  if (password === '') {
    throw new Refusal(400, 'validation_failed', 'Signup requires a valid password');
  }
  assertStrong(password);
  if (email !== '' && phone !== '') {
    throw new Refusal(
      400,
      'validation_failed',
      'Only an email address or phone number should be provided on signup.',
    );
  }
  if (phone !== '') throw new Refusal(400, 'phone_provider_disabled', 'Phone signups are disabled');
}

/** POST /token */
export async function token(world: World, call: Call): Promise<Answer> {
  const grant = call.query.get('grant_type');
  if (grant === 'password') return await passwordGrant(world, call);
  if (grant === 'refresh_token') return await refresh(world, call);
  throw new Refusal(400, 'invalid_credentials', 'unsupported_grant_type');
}

async function passwordGrant(world: World, call: Call): Promise<Answer> {
  world.countRequest('/token', call.address);
  const fields = readFields(call);
  const email = readText(fields, 'email');
  const password = readText(fields, 'password');
  if (readText(fields, 'phone') !== '') {
    throw new Refusal(400, 'phone_provider_disabled', 'Phone logins are disabled');
  }
  if (email === '') throw new Refusal(400, 'validation_failed', 'missing email or phone');
  const user = world.store.findByEmail(email.toLowerCase());
  if (user !== undefined && isBanned(user, world.now())) {
    throw new Refusal(400, 'user_banned', 'User is banned');
  }
  if (user === undefined || !isPassword(password, user.passwordHash)) {
    throw new Refusal(400, 'invalid_credentials', 'Invalid login credentials');
  }
  if (user.emailConfirmedAt === null) {
    throw new Refusal(400, 'email_not_confirmed', 'Email not confirmed');
  }
  return await signIn(world, call, user, 'password');
}
