/**
 * An authentication service to try the demo on, far simpler than the real one and with flaws by choice:
 * `node other-server.ts FLAW,FLAW serve`, `node other-server.ts FLAW clients create …`. Without a flaw the demo must
 * pass, so that it is the flaw alone that makes it fail. Commands and server meet in one file of DATA_DIR.
 */
import { createPrivateKey, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { signWith } from '../../../scripts/demo/forge.ts';
import { createOtherAdmin, type OtherAdmin } from './other-admin.ts';
import { createOtherPeople, type OtherPeople } from './other-people.ts';
import { createOtherState, makeSecret, permissionsOf } from './other-state.ts';
import type { Answer } from './other-verbs.ts';

const USERS = '/api/v1/auth/users';
const ADMIN = '/api/v1/auth/admin';
const { DATA_DIR = '', PORT = '', INITIAL_ADMIN_EMAIL = '', INITIAL_ADMIN_PASSWORD = '' } = process.env;
const [chosen = '', ...command] = process.argv.slice(2);
const flaws = chosen.split(',');
const state = createOtherState(DATA_DIR);
const url = `http://localhost:${PORT}`;

if (command[0] === 'serve') serve();
else process.stdout.write(JSON.stringify(obey()));

function obey(): unknown {
  const { positionals, values } = parseArgs({
    args: command,
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      role: { type: 'string', multiple: true },
      'token-lifetime': { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const [noun, verb, role = '', permission = ''] = positionals;
  const name = `${noun} ${verb}`;
  const id = randomUUID();
  const secret = makeSecret();
  state.change(({ roles, clients }) => {
    if (name === 'roles create') roles[role] = [];
    if (name === 'roles grant') roles[role]?.push(permission);
    if (name === 'roles revoke' && !flaws.includes('forgets-to-revoke')) roles[role] = [];
    if (name === 'clients create') {
      const lifetimeSeconds = Number(values['token-lifetime'] ?? 900);
      clients[id] = { secrets: [secret], roles: values.role ?? [], lifetimeSeconds };
    }
  });
  return { client_id: id, client_secret: secret.text };
}

function serve(): void {
  state.begin();
  const administrator = { email: INITIAL_ADMIN_EMAIL, password: INITIAL_ADMIN_PASSWORD };
  const heldBy = (roles: readonly string[]) => permissionsOf(state.read(), roles);
  const people = createOtherPeople({ url, administrator, permissionsOf: heldBy }, flaws);
  const admin = createOtherAdmin(url, flaws, { state, people });
  const server = createServer(async (request, response) => {
    const [status, body, headers] = await answer(request, people, admin);
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...headers,
    });
    response.end(JSON.stringify(body));
  }).listen(Number(PORT), 'localhost');
  process.once('SIGTERM', () => server.close());
}

async function answer(request: IncomingMessage, people: OtherPeople, admin: OtherAdmin): Promise<Answer> {
  const { d: _private, ...publicJwk } = state.read().privateJwk;
  if (request.url === '/health/ready') return [200, {}];
  if (request.url === '/.well-known/jwks.json')
    return [200, { keys: [{ ...publicJwk, kid: 'one', alg: 'ES256' }] }];
  if (request.url === '/.well-known/oauth-authorization-server')
    return [200, { issuer: url, jwks_uri: `${url}/.well-known/jwks.json` }];
  if (request.url === '/auth/v1/.well-known/jwks.json') return [200, { keys: [people.publicJwk] }];
  const [, credentials = ''] = (request.headers.authorization ?? '').split(' ');
  const said = await text(request);
  const { pathname, searchParams: query } = new URL(request.url ?? '', url);
  const below = (root: string) => `${request.method} ${pathname.slice(root.length)}`;
  const readBody = () => (said === '' ? {} : JSON.parse(said));
  if (pathname.startsWith(USERS))
    return people.answer({ on: below(USERS), token: credentials, body: readBody() });
  if (pathname.startsWith(ADMIN)) {
    const ifMatch = request.headers['if-match'];
    return admin.answer({ on: below(ADMIN), token: credentials, query, ifMatch, body: readBody() });
  }
  const [id = '', secret = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(':');
  return issueToken(id, secret, new URLSearchParams(said));
}

function issueToken(id: string, secret: string, parameters: URLSearchParams): Answer {
  const now = state.read();
  const client = now.clients[id];
  const isKnown = client?.secrets.some(({ text }) => text === secret) ?? false;
  const isGenerous = flaws.includes('token-for-everyone');
  if (!isKnown && !isGenerous && !flaws.includes('believes-any-secret'))
    return [401, { error: 'invalid_client' }];

  const permissions = isGenerous ? ['orders:read'] : permissionsOf(now, client?.roles ?? []);
  const scope = parameters.get('scope');
  if (scope !== null && !isGenerous && !permissions.includes(scope)) return [400, { error: 'invalid_scope' }];

  const lifetime = flaws.includes('ignores-lifetime') ? 900 : (client?.lifetimeSeconds ?? 900);
  const asked = flaws.includes('ignores-resource') ? null : parameters.get('resource');
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'one' };
  const claims = {
    iss: flaws.includes('names-another-issuer') ? 'https://issuer.example' : url,
    aud: asked ?? 'paservices_microservices',
    sub: id,
    token_type: 'm2m_access',
    permissions,
    exp: Math.floor(Date.now() / 1000) + lifetime,
  };
  const key = createPrivateKey({ key: now.privateJwk, format: 'jwk' });
  return [
    200,
    {
      access_token: signWith(key, header, claims),
      token_type: 'Bearer',
      expires_in: client?.lifetimeSeconds,
    },
  ];
}
