import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ErrorCode, isServiceError } from '#errors';
import type { Bearer, Device, IdentityProvider, NewPerson, People, UserSession } from '#identity';

/** An identity with what the world around it does to its accounts. */
export interface IdentityUnderTest {
  readonly provider: IdentityProvider;
  readonly people: People;
  /** The person follows the link that proves the address. */
  confirm(email: string): Promise<void>;
  /** The person follows the link of a forgotten password, and has a session without having said a password. */
  recover(email: string): Promise<UserSession>;
  ban(userId: string): Promise<void>;
  unban(userId: string): Promise<void>;
  deactivate(userId: string): Promise<void>;
  /** So many seconds go by. */
  pass(seconds: number): Promise<void>;
}

/** What a provider can do here; where it cannot, the reason. The cases that need it are left out then. */
export interface IdentityCapabilities {
  readonly confirmsAutomatically: boolean;
  readonly movesTime: true | string;
  readonly recovers: true | string;
  /** Whether `adopt` and `forget` are in the transaction that makes or ends the account. */
  readonly sharesTransactions: true | string;
  readonly listsSessions: true | string;
  /** Whether a ban ends no session by itself, so that its end gives them back. */
  readonly liftsBans: true | string;
  /** Whether an older refresh token, within the interval, is answered with the newest one. */
  readonly repeatsNewestToken: true | string;
  /** Whether a refresh token that comes too late ends its session, and nobody else's token of it is good any more. */
  readonly endsReused: true | string;
  /** Whether it is told which browser somebody sits at. */
  readonly seesUserAgent: true | string;
  /** Whether who comes in with a proved address has the username that they asked for. */
  readonly claimsUsernames: true | string;
  /** Whether two access tokens of one second differ. Default: true. */
  readonly signsAnew?: true | string;
}

export interface ConformanceSuite {
  identity(): IdentityUnderTest;
  readonly capabilities: IdentityCapabilities;
}

export const DEVICE: Device = { ip: '203.0.113.7', userAgent: 'a browser' };
export const PASSWORD = 'correct horse battery staple';

export interface SignedIn {
  readonly email: string;
  readonly password: string;
  readonly userId: string;
  readonly session: UserSession;
  readonly bearer: Bearer;
}

let people = 0;

/** One that nobody had before: suites may share a server. */
export function anEmail(): string {
  people += 1;
  return `person-${people}-${crypto.randomUUID()}@example.com`;
}

export function aUsername(): string {
  return `user-${crypto.randomUUID()}`;
}

/** A person whose address is proved, with a first session. */
export async function newPerson(
  identity: Pick<IdentityUnderTest, 'people' | 'confirm'>,
  given: Partial<NewPerson> = {},
): Promise<SignedIn> {
  const { email = anEmail(), password = PASSWORD } = given;
  const { session } = await identity.people.register({ ...given, email, password }, DEVICE);
  if (session !== null) return await signedIn(identity, { email, password, session });
  await identity.confirm(email);
  return await signInAs(identity, { email, password });
}

/** One more session of theirs. */
export async function signInAs(
  { people }: Pick<IdentityUnderTest, 'people'>,
  { email, password }: { readonly email: string; readonly password: string },
  device: Device = DEVICE,
): Promise<SignedIn> {
  const session = await people.login({ email, password }, device);
  return await signedIn({ people }, { email, password, session });
}

export async function bearerOf(
  { people }: Pick<IdentityUnderTest, 'people'>,
  { access_token: accessToken }: UserSession,
): Promise<Bearer> {
  return { principal: await people.verify(accessToken), accessToken };
}

async function signedIn(
  identity: Pick<IdentityUnderTest, 'people'>,
  known: { readonly email: string; readonly password: string; readonly session: UserSession },
): Promise<SignedIn> {
  return { ...known, userId: known.session.user.id, bearer: await bearerOf(identity, known.session) };
}

/** A case for who can do all of this; for others it is none, and their capabilities say why. */
export function itWhere(
  capabilities: readonly (true | string)[],
  name: string,
  work: () => Promise<void>,
): void {
  if (capabilities.every((capability) => capability === true)) it(name, work);
}

/** For `assert.rejects`. */
export function refusal(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isServiceError(error, code);
}

/** All that a caller is told of an error. */
export async function toldBy(work: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await work.then(
    () => assert.fail('it went through'),
    (reason: unknown) => reason,
  );
  assert.ok(isServiceError(error), `${error}`);
  const { code, message, fields, retryAfterSeconds } = error;
  return { code, message, fields, retryAfterSeconds };
}
