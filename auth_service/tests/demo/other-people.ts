/** The people of other-server.ts: accounts and sessions in memory, and the flaws that concern them. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { openToken, signWith, type TokenPart } from '../../../scripts/demo/forge.ts';

interface Account {
  readonly id: string;
  readonly password: string;
  roles: readonly string[];
  userMetadata: TokenPart;
}

interface Session {
  readonly email: string;
  refreshToken: string;
}

export interface PeopleRequest {
  readonly on: string;
  readonly token: string;
  readonly body: Record<string, unknown>;
}

export interface OtherPeople {
  readonly publicJwk: object;
  answer(request: PeopleRequest): [number, unknown];
  /** Whose session the token is of, while it lasts. */
  holderOf(token: string): { readonly id: string; readonly roles: readonly string[] } | null;
  countOf(role: string): number;
  changeRoles(id: string, change: (now: readonly string[]) => readonly string[]): void;
}

const KNOWN_KEYS = ['email', 'password', 'username', 'first_name', 'last_name', 'refresh_token'];

interface Settings {
  readonly url: string;
  readonly administrator: { readonly email: string; readonly password: string };
  /** The permissions of roles, as they are now. */
  readonly permissionsOf: (roles: readonly string[]) => string[];
}

export function createOtherPeople(
  { url, administrator, permissionsOf }: Settings,
  flaws: readonly string[],
): OtherPeople {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { d: _private, ...publicJwk } = privateKey.export({ format: 'jwk' });
  const accounts = new Map<string, Account>();
  const sessions = new Map<string, Session>();
  open(administrator.email, administrator.password, ['user', 'admin']);

  function open(email: string, password: string, roles: readonly string[]): Account {
    const account = { id: randomUUID(), password, roles, userMetadata: {} };
    accounts.set(email, account);
    return account;
  }

  function hand(
    id: string,
    { email, refreshToken }: Session,
    { userMetadata, ...account }: Account,
  ): TokenPart {
    const own = flaws.includes('believes-user-metadata') ? namesIn(userMetadata.permissions) : [];
    const granted = flaws.includes('fills-user-metadata') ? [] : permissionsOf(account.roles);
    const claims = {
      iss: `${url}/auth/v1`,
      aud: 'authenticated',
      role: 'authenticated',
      sub: account.id,
      email,
      session_id: id,
      app_metadata: { permissions: [...granted, ...own] },
      user_metadata: { permissions: permissionsOf(account.roles), ...userMetadata },
      exp: Math.floor(Date.now() / 1000) + 3600,
    };
    const header = { alg: 'ES256', typ: 'JWT', kid: 'people' };
    return { access_token: signWith(privateKey, header, claims), refresh_token: refreshToken };
  }

  function begin(email: string, account: Account): TokenPart {
    const id = randomUUID();
    const session = { email, refreshToken: randomUUID() };
    sessions.set(id, session);
    return hand(id, session, account);
  }

  function register(email: string, password: string): [number, unknown] {
    if (accounts.has(email)) return [409, { code: 'email_exists' }];
    return [201, { session: begin(email, open(email, password, ['user'])) }];
  }

  function logIn(email: string, password: string): [number, unknown] {
    const account = accounts.get(email);
    const isRight = account?.password === password || flaws.includes('believes-any-password');
    if (account === undefined || !isRight) return [401, { code: 'invalid_credentials' }];
    return [200, begin(email, account)];
  }

  function refresh(refreshToken: unknown): [number, unknown] {
    const [id, session] = [...sessions].find(([, known]) => known.refreshToken === refreshToken) ?? [];
    const account = accounts.get(session?.email ?? '');
    if (id === undefined || session === undefined || account === undefined)
      return [401, { code: 'refresh_token_not_found' }];
    session.refreshToken = randomUUID();
    return [200, hand(id, session, account)];
  }

  function sessionOf({ session_id }: TokenPart) {
    const id = String(session_id);
    const email = sessions.get(id)?.email ?? '';
    return { id, email, account: accounts.get(email) };
  }

  function withBearer({ on, token, body }: PeopleRequest): [number, unknown] {
    const { claims } = token === '' ? { claims: {} as TokenPart } : openToken(token);
    const { id, email, account } = sessionOf(claims);
    if (account === undefined) {
      return flaws.includes('takes-machines-for-people') && claims.token_type === 'm2m_access'
        ? [200, {}]
        : [401, { code: 'invalid_token' }];
    }
    if (on === 'PATCH /me') account.userMetadata = { ...Object(body.user_metadata) };
    if (on === 'POST /logout' && !flaws.includes('forgets-to-log-out')) sessions.delete(id);
    return [200, { email }];
  }

  return {
    publicJwk: { ...publicJwk, kid: 'people', alg: 'ES256' },
    answer(request) {
      const { on, body } = request;
      const takesAnything = flaws.includes('believes-user-metadata');
      if (!takesAnything && Object.keys(body).some((key) => !KNOWN_KEYS.includes(key)))
        return [422, { code: 'validation_failed' }];
      const email = String(body.email).toLowerCase();
      if (on === 'POST /register') return register(email, String(body.password));
      if (on === 'POST /login') return logIn(email, String(body.password));
      if (on === 'POST /token/refresh') return refresh(body.refresh_token);
      return withBearer(request);
    },
    holderOf: (token) => sessionOf(openToken(token).claims).account ?? null,
    countOf: (role) => [...accounts.values()].filter(({ roles }) => roles.includes(role)).length,
    changeRoles(id, change) {
      for (const account of accounts.values()) if (account.id === id) account.roles = change(account.roles);
    },
  };
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
