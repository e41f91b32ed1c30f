import { randomBytes } from 'node:crypto';
import { confirmed } from './accounts.ts';
import { createFailures } from './failures.ts';
import { createFront } from './front.ts';
import { createGateway } from './gateway.ts';
import type { Claims, SignOptions } from './keys.ts';
import { listen } from './listener.ts';
import { openMirror } from './mirror.ts';
import type { FailureMode, FailureScope, GotrueOptions, RecordedRequest } from './options.ts';
import type { GotrueUser } from './store.ts';
import { createTurns, type Turns } from './turns.ts';
import { createWorld, type World } from './world.ts';

const LONG_BAN_MS = 100 * 365 * 86_400_000;

/** A GoTrue, small and in memory, behind the gateway that Supabase has before it. */
export interface GotrueDouble extends AsyncDisposable {
  /** Without /auth/v1. */
  readonly url: string;
  /** What stands in `iss`. */
  readonly issuer: string;
  readonly anonKey: string;
  readonly serviceRoleKey: string;
  readonly jwtSecret: string;
  /** What came, in the order of coming; empty it with `requests.length = 0`. */
  readonly requests: RecordedRequest[];
  /** By id; to look, not to touch. */
  readonly users: ReadonlyMap<string, GotrueUser>;
  /** How often the public keys were asked for since the start. */
  jwksFetches(): number;
  /** The key that signs. @throws Error where the secret signs */
  kid(): string;
  /** Signs with a new key from now on; the JWKS keeps the old one. */
  rotateKey(): void;
  /** Takes a key out of the JWKS; its tokens are no longer good here. */
  dropKey(kid: string): void;
  /** Any token: with the signing key, or otherwise for attacks. */
  sign(claims: Claims, options?: SignOptions): string;
  /** As if the user had followed the link in the mail. */
  confirm(email: string): Promise<void>;
  ban(id: string): Promise<void>;
  /** The row goes, and all its sessions. */
  deleteUser(id: string): Promise<void>;
  /** Lets requests go wrong from now on, in place of what was told before; null: none. */
  fail(mode: FailureMode | null, scope?: FailureScope): void;
  /** Nobody listens any more, and every connection is cut; what is known stays known. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startGotrue(options: GotrueOptions = {}): Promise<GotrueDouble> {
  const jwtSecret = options.jwtSecret ?? randomBytes(32).toString('hex');
  const mirror = options.mirror === undefined ? null : await openMirror(options.mirror.url);
  const listener = await listen(options.port ?? 0, (request, response) => front.serve(request, response));
  // From here on nothing is waited for, so that no request comes before the front is there.
  const url = `http://127.0.0.1:${listener.port}`;
  const world = createWorld(options, jwtSecret, `${url}/auth/v1`);
  const gateway = createGateway(options.keys, jwtSecret, world.now);
  const failures = createFailures();
  const inTurn = createTurns(() => mirror?.write(world.store));
  const front = createFront({ world, gateway, failures, inTurn });

  let closing: Promise<unknown> | undefined;
  async function close(): Promise<void> {
    closing ??= listener
      .stop()
      // What is under way still reaches the databases.
      .then(() => inTurn(async () => {}))
      .then(() => Promise.all([mirror?.close(), world.hook?.close()]));
    await closing;
  }

  return {
    url,
    issuer: world.issuer,
    anonKey: gateway.anonKey,
    serviceRoleKey: gateway.serviceRoleKey,
    jwtSecret,
    requests: front.requests,
    users: world.store.users,
    jwksFetches: front.jwksFetches,
    kid: world.keys.kid,
    rotateKey: world.keys.rotate,
    dropKey: world.keys.drop,
    sign: world.keys.sign,
    ...createInterventions(world, inTurn),
    fail: failures.set,
    stop: listener.stop,
    restart: listener.restart,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What happens to a user without a request. */
function createInterventions({ store, now }: World, inTurn: Turns) {
  const change = (user: GotrueUser | undefined, apply: (user: GotrueUser) => unknown) => {
    if (user === undefined) throw new Error('The double has no such user.');
    apply(user);
  };
  return {
    confirm: (email: string) =>
      inTurn(async () =>
        change(store.findByEmail(email.toLowerCase()), (user) => {
          store.dropOneTimeTokens(user.id);
          store.saveUser(confirmed(user, now()));
        }),
      ),
    ban: (id: string) =>
      inTurn(async () =>
        change(store.users.get(id), (user) =>
          store.saveUser({ ...user, bannedUntil: new Date(now().getTime() + LONG_BAN_MS) }),
        ),
      ),
    deleteUser: (id: string) =>
      inTurn(async () => change(store.users.get(id), (user) => store.removeUser(user.id))),
  };
}
