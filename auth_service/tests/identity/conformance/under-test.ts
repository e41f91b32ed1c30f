import assert from 'node:assert/strict';
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

/** What a provider can do here; where it cannot, the reason, with which the cases are skipped. */
export interface IdentityCapabilities {
  readonly confirmsAutomatically: boolean;
  readonly movesTime: true | string;
  readonly recovers: true | string;
  /** Whether `adopt` and `forget` are in the transaction that makes or ends the account. */
  readonly sharesTransactions: true | string;
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

/** For `it`: skips with the reason where the provider cannot. */
export function needs(...capabilities: readonly (true | string)[]): { skip?: string } {
  const reason = capabilities.find((capability) => capability !== true);
  return typeof reason === 'string' ? { skip: reason } : {};
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
