import { randomInt, randomUUID } from 'node:crypto';
import { isBanned } from './accounts.ts';
import { type Answer, type Call, headerOf, readFields, readText } from './call.ts';
import { Refusal } from './refusal.ts';
import type { GotrueUser, RefreshToken, Session } from './store.ts';
import { viewUser } from './user-view.ts';
import type { World } from './world.ts';

const DEFAULT_LIFETIME_SECONDS = 3600;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const TOKEN_LENGTH = 12;

/** Opens a session. Neither the user nor the session is saved before the hook has had its say. */
export async function signIn(
  world: World,
  call: Call,
  user: GotrueUser,
  method: 'password' | 'otp',
): Promise<Answer> {
  const at = world.now();
  const session: Session = {
    id: randomUUID(),
    userId: user.id,
    amr: [{ method, timestamp: Math.floor(at.getTime() / 1000) }],
    createdAt: at,
    refreshedAt: null,
    userAgent: headerOf(call.headers, 'user-agent') ?? null,
    ip: call.ip,
  };
  const signedIn = { ...user, lastSignInAt: at, updatedAt: at };
  const accessToken = await issueAccessToken(world, signedIn, session, method);
  world.store.saveUser(signedIn);
  world.store.saveSession(session);
  return answerWith(world, {
    user: signedIn,
    session,
    accessToken,
    refreshToken: issueChild(world, session),
  });
}

/** Legacy refresh tokens: each is used once, but for an answer that was lost. */
export async function refresh(world: World, call: Call): Promise<Answer> {
  const { store, now } = world;
  const { presented, session, user } = findPresented(world, readText(readFields(call), 'refresh_token'));
  const active = [...store.refreshTokens.values()]
    .filter(({ sessionId, isRevoked }) => sessionId === session.id && !isRevoked)
    .at(-1);
  const isParent = presented.isRevoked && active?.parent === presented.token;
  if (presented.isRevoked && !isParent && !isInsideInterval(world, presented)) {
    revokeFamily(world, session.id);
    throw new Refusal(400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used');
  }
  const accessToken = await issueAccessToken(world, user, session, 'token_refresh');
  let refreshToken = active?.token;
  if (refreshToken === undefined || !isParent) {
    store.refreshTokens.set(presented.token, { ...presented, isRevoked: true, updatedAt: now() });
    refreshToken = issueChild(world, session, presented.token);
  }
  const userAgent = headerOf(call.headers, 'user-agent') ?? null;
  store.saveSession({ ...session, refreshedAt: now(), userAgent, ip: call.ip });
  return answerWith(world, { user, session, accessToken, refreshToken });
}

function findPresented(
  { store, now }: World,
  text: string,
): { presented: RefreshToken; session: Session; user: GotrueUser } {
  if (!/^[a-z0-9]{12}$/.test(text)) {
    throw new Refusal(400, 'validation_failed', 'Refresh token is not valid');
  }
  const presented = store.refreshTokens.get(text);
  const session = store.sessions.get(presented?.sessionId ?? '');
  const user = store.users.get(session?.userId ?? '');
  if (presented === undefined || session === undefined || user === undefined) {
    throw new Refusal(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found');
  }
  if (isBanned(user, now())) throw new Refusal(400, 'user_banned', 'Invalid Refresh Token: User Banned');
  return { presented, session, user };
}

function isInsideInterval({ options, now }: World, { updatedAt }: RefreshToken): boolean {
  return now().getTime() < updatedAt.getTime() + (options.reuseIntervalSeconds ?? 0) * 1000;
}

function revokeFamily({ store, now }: World, id: string): void {
  for (const token of store.refreshTokens.values()) {
    if (token.sessionId !== id || token.isRevoked) continue;
    store.refreshTokens.set(token.token, { ...token, isRevoked: true, updatedAt: now() });
  }
}

function issueChild({ store, now }: World, session: Session, parent: string | null = null): string {
  const token = Array.from({ length: TOKEN_LENGTH }, () => BASE32[randomInt(BASE32.length)]).join('');
  const record = { token, sessionId: session.id, parent, isRevoked: false, updatedAt: now() };
  store.refreshTokens.set(token, record);
  return token;
}

async function issueAccessToken(
  { keys, issuer, options, hook, now }: World,
  user: GotrueUser,
  session: Session,
  method: string,
): Promise<string> {
  const iat = Math.floor(now().getTime() / 1000);
  const claims = {
    iss: issuer,
    sub: user.id,
    aud: user.aud,
    exp: iat + (options.tokenLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS),
    iat,
    email: user.email,
    phone: '',
    app_metadata: user.appMetadata,
    user_metadata: user.userMetadata,
    role: user.role,
    aal: 'aal1',
    amr: session.amr,
    session_id: session.id,
    is_anonymous: user.isAnonymous,
  };
  const input = { userId: user.id, claims, method, ip: session.ip, now: now() };
  return keys.sign(hook === null ? claims : await hook.run(input));
}

function answerWith(
  { options, now }: World,
  issued: { user: GotrueUser; session: Session; accessToken: string; refreshToken: string },
): Answer {
  const lifetime = options.tokenLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;
  return {
    status: 200,
    headers: { 'sb-auth-user-id': issued.user.id, 'sb-auth-session-id': issued.session.id },
    body: {
      access_token: issued.accessToken,
      token_type: 'bearer',
      expires_in: lifetime,
      expires_at: Math.floor(now().getTime() / 1000) + lifetime,
      refresh_token: issued.refreshToken,
      user: viewUser(issued.user),
    },
  };
}
