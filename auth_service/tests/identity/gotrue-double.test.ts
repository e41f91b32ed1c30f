import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { createTestClock } from '../support/clock.ts';
import { type GotrueDouble, startGotrue } from '../support/gotrue/double.ts';
import { adminOf, clientOf, created, freshEmail, PASSWORD, refreshOf, signedIn } from './gotrue-clients.ts';

describe('the GoTrue double, to auth-js', () => {
  let double: GotrueDouble;
  const clock = createTestClock(new Date());
  before(async () => {
    double = await startGotrue({ now: clock.now });
  });
  after(() => double.close());

  it('signs up, waits for the confirmation and then lets in', async () => {
    const email = freshEmail();
    const client = clientOf(double);
    const up = await client.signUp({
      email: email.toUpperCase(),
      password: PASSWORD,
      options: { data: { full_name: 'Ada' } },
    });
    assert.equal(up.error, null);
    assert.equal(up.data.session, null);
    assert.equal(up.data.user?.email, email);
    assert.deepEqual(up.data.user?.user_metadata, { full_name: 'Ada' });

    const early = await client.signInWithPassword({ email, password: PASSWORD });
    assert.equal(early.error?.code, 'email_not_confirmed');
    const wrong = await client.signInWithPassword({ email, password: 'something else' });
    assert.equal(wrong.error?.code, 'invalid_credentials');
    await double.confirm(email);
    const { session } = await signedIn(double, email);
    assert.equal(session.user.user_metadata.email_verified, true);
  });

  it('tells nobody that a confirmed address is taken, and mails an unconfirmed one once a minute', async () => {
    const user = await created(double);
    const taken = await clientOf(double).signUp({ email: user.email ?? '', password: PASSWORD });
    assert.equal(taken.error, null);
    assert.notEqual(taken.data.user?.id, user.id);
    assert.deepEqual(taken.data.user?.identities, []);

    const email = freshEmail();
    await clientOf(double).signUp({ email, password: PASSWORD });
    clock.advance(20);
    const soon = await clientOf(double).signUp({ email, password: PASSWORD });
    assert.equal(soon.error?.code, 'over_email_send_rate_limit');
    assert.match(soon.error?.message ?? '', /after 40 seconds\.$/);
    clock.advance(40);
    assert.equal((await clientOf(double).signUp({ email, password: PASSWORD })).error, null);
  });

  it('issues tokens that its public keys verify, with the claims of GoTrue', async () => {
    const user = await created(double, { app_metadata: { team: 'blue' } });
    const { session } = await signedIn(double, user.email);
    const keys = createRemoteJWKSet(new URL(`${double.issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(session.access_token, keys, {
      issuer: double.issuer,
      audience: 'authenticated',
      currentDate: clock.now(),
    });
    const seconds = Math.floor(clock.now().getTime() / 1000);
    const { session_id, ...claims } = payload;
    assert.match(String(session_id), /^[0-9a-f-]{36}$/);
    assert.deepEqual(claims, {
      iss: double.issuer,
      sub: user.id,
      aud: 'authenticated',
      exp: seconds + 3600,
      iat: seconds,
      email: user.email,
      phone: '',
      app_metadata: { provider: 'email', providers: ['email'], team: 'blue' },
      user_metadata: { email_verified: true },
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: seconds }],
      is_anonymous: false,
    });
    assert.equal(session.expires_in, 3600);
  });

  it('rotates refresh tokens, and gives the child again to whoever lost the answer', async () => {
    const user = await created(double);
    const { session } = await signedIn(double, user.email);
    const first = await refreshOf(double, session.refresh_token);
    const again = await refreshOf(double, session.refresh_token);
    assert.equal(again.error, null);
    assert.equal(again.data.session?.refresh_token, first.data.session?.refresh_token);
    assert.notEqual(again.data.session?.access_token, first.data.session?.access_token);
    const [before, behind] = [session, again.data.session].map((each) => decodeJwt(each?.access_token ?? ''));
    assert.equal(behind?.session_id, before?.session_id);
    assert.deepEqual(behind?.amr, before?.amr);
  });

  it('revokes the whole family when a token comes back late', async () => {
    const user = await created(double);
    const { session } = await signedIn(double, user.email);
    const second = await refreshOf(double, session.refresh_token);
    const third = await refreshOf(double, second.data.session?.refresh_token ?? '');
    assert.equal((await refreshOf(double, session.refresh_token)).error?.code, 'refresh_token_already_used');
    const last = await refreshOf(double, third.data.session?.refresh_token ?? '');
    assert.equal(last.error?.code, 'refresh_token_already_used');
    assert.equal((await refreshOf(double, 'aaaaaaaaaaaa')).error?.code, 'refresh_token_not_found');
    assert.equal((await refreshOf(double, 'not one')).error?.code, 'validation_failed');
    // The session's row stays, as GoTrue's does.
    assert.equal((await clientOf(double).getUser(session.access_token)).error, null);
  });

  it('changes the password, and ends every other session with it', async () => {
    const user = await created(double);
    const other = await signedIn(double, user.email);
    const { client, session } = await signedIn(double, user.email);
    const same = await client.updateUser({ password: PASSWORD });
    assert.equal(same.error?.code, 'same_password');
    const weak = await client.updateUser({ password: 'short' });
    assert.equal(weak.error?.code, 'weak_password');
    const changed = await client.updateUser({
      password: 'another horse',
      data: { nick: 'A', email_verified: null },
    });
    assert.deepEqual(changed.data.user?.user_metadata, { nick: 'A' });
    assert.equal((await client.getUser(session.access_token)).error, null);
    assert.equal((await client.getUser(other.session.access_token)).error?.name, 'AuthSessionMissingError');
    await signedIn(double, user.email, 'another horse');
  });

  it('signs out here, elsewhere and everywhere', async () => {
    const user = await created(double);
    const admin = adminOf(double);
    const tokens: string[] = [];
    for (let n = 0; n < 4; n += 1) tokens.push((await signedIn(double, user.email)).session.access_token);
    const alive = async () => {
      const answers = await Promise.all(tokens.map((token) => clientOf(double).getUser(token)));
      return answers.map(({ error }) => error === null);
    };
    await admin.signOut(tokens[0] ?? '', 'local');
    assert.deepEqual(await alive(), [false, true, true, true]);
    await admin.signOut(tokens[1] ?? '', 'others');
    assert.deepEqual(await alive(), [false, true, false, false]);
    await admin.signOut(tokens[1] ?? '', 'global');
    assert.deepEqual(await alive(), [false, false, false, false]);
  });

  it('lets an administrator create, read, change, ban and delete', async () => {
    const admin = adminOf(double);
    const id = crypto.randomUUID();
    const user = await created(double, { id, user_metadata: { full_name: 'Grace', old: 1 } });
    assert.equal(user.id, id);
    const twice = await admin.createUser({ email: user.email ?? '' });
    assert.equal(twice.error?.code, 'email_exists');
    const { session } = await signedIn(double, user.email);
    const changed = await admin.updateUserById(id, {
      user_metadata: { old: null },
      email: freshEmail(),
      password: 'another horse',
      ban_duration: '1h30m',
    });
    assert.equal(changed.data.user?.user_metadata.old, undefined);
    const until = (changed.data.user as { banned_until?: string }).banned_until ?? '';
    assert.equal(Date.parse(until) - clock.now().getTime(), 90 * 60_000);
    assert.equal(
      (await clientOf(double).getUser(session.access_token)).error?.name,
      'AuthSessionMissingError',
    );
    const email = changed.data.user?.email ?? '';
    const banned = await clientOf(double).signInWithPassword({ email, password: 'wrong' });
    assert.equal(banned.error?.code, 'user_banned');
    await admin.updateUserById(id, { ban_duration: 'none' });
    await signedIn(double, email, 'another horse');

    await admin.deleteUser(id, true);
    const ghost = await admin.getUserById(id);
    assert.ok((ghost.data.user as { deleted_at?: string }).deleted_at);
    assert.notEqual(ghost.data.user?.email, email);
    await admin.deleteUser(id);
    assert.equal((await admin.getUserById(id)).error?.code, 'user_not_found');
    assert.equal((await clientOf(double).admin.listUsers()).error?.code, 'not_admin');
  });

  it('confirms and recovers by a generated link, once', async () => {
    const admin = adminOf(double);
    const email = freshEmail();
    const link = await admin.generateLink({ type: 'signup', email, password: PASSWORD });
    assert.equal(link.data.properties?.verification_type, 'signup');
    const token_hash = link.data.properties?.hashed_token ?? '';
    const verified = await clientOf(double).verifyOtp({ type: 'email', token_hash });
    assert.equal(verified.data.user?.email, email);
    assert.ok(verified.data.user?.email_confirmed_at);
    assert.equal(
      decodeJwt<{ amr: { method: string }[] }>(verified.data.session?.access_token ?? '').amr[0]?.method,
      'otp',
    );
    const twice = await clientOf(double).verifyOtp({ type: 'email', token_hash });
    assert.equal(twice.error?.code, 'otp_expired');

    const recovery = await admin.generateLink({ type: 'recovery', email });
    const token = recovery.data.properties?.email_otp ?? '';
    const recovered = await clientOf(double).verifyOtp({ type: 'recovery', email, token });
    assert.equal(recovered.error, null);
    const unknown = await admin.generateLink({ type: 'recovery', email: freshEmail() });
    assert.equal(unknown.error?.code, 'user_not_found');
    const invited = await admin.inviteUserByEmail(freshEmail());
    assert.ok(invited.data.user?.invited_at);
  });

  it('refuses the token of somebody banned or deleted', async () => {
    const user = await created(double);
    const { client, session } = await signedIn(double, user.email);
    await double.ban(user.id);
    assert.equal((await client.getUser(session.access_token)).error?.code, 'user_banned');
    assert.equal((await refreshOf(double, session.refresh_token)).error?.code, 'user_banned');
    await double.deleteUser(user.id);
    assert.equal((await client.getUser(session.access_token)).error?.code, 'user_not_found');
    assert.equal(double.users.has(user.id), false);
  });
});
