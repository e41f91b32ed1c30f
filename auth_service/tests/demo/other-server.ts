/**
 * An authentication service to try the demo on, far simpler than the real one and with flaws by choice:
 * `node other-server.ts FLAW,FLAW serve`, `node other-server.ts FLAW clients create …`. Without a flaw the demo must
 * pass, so that it is the flaw alone that makes it fail. Commands and server meet in one file of DATA_DIR.
 */
import { createPrivateKey, generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { signWith } from '../../../scripts/demo/forge.ts';
import { createOtherPeople, type OtherPeople } from './other-people.ts';

interface Client {
  readonly secret: string;
  readonly roles: readonly string[];
  readonly lifetimeSeconds: number;
}

interface State {
  readonly privateJwk: JsonWebKey;
  readonly roles: Record<string, string[]>;
  readonly clients: Record<string, Client>;
}

const USERS = '/api/v1/auth/users';
const { DATA_DIR = '', PORT = '' } = process.env;
const [chosen = '', ...command] = process.argv.slice(2);
const flaws = chosen.split(',');
const statePath = join(DATA_DIR, 'state.json');
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
  const state = readState();
  const name = `${noun} ${verb}`;
  const id = randomUUID();
  const secret = `pas_${randomUUID()}`;
  if (name === 'roles create') state.roles[role] = [];
  if (name === 'roles grant') state.roles[role]?.push(permission);
  if (name === 'roles revoke' && !flaws.includes('forgets-to-revoke')) state.roles[role] = [];
  if (name === 'clients create') {
    const lifetimeSeconds = Number(values['token-lifetime'] ?? 900);
    state.clients[id] = { secret, roles: values.role ?? [], lifetimeSeconds };
  }
  writeFileSync(statePath, JSON.stringify(state));
  return { client_id: id, client_secret: secret };
}

function serve(): void {
  mkdirSync(dirname(statePath), { recursive: true });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const state: State = { privateJwk: privateKey.export({ format: 'jwk' }), roles: { user: [] }, clients: {} };
  if (!existsSync(statePath)) writeFileSync(statePath, JSON.stringify(state));
  const people = createOtherPeople(url, flaws, (role) => readState().roles[role] ?? []);
  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request, people);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(JSON.stringify(body));
  }).listen(Number(PORT), 'localhost');
  process.once('SIGTERM', () => server.close());
}

async function answer(request: IncomingMessage, people: OtherPeople): Promise<[number, unknown]> {
  const { d: _private, ...publicJwk } = readState().privateJwk;
  if (request.url === '/health/ready') return [200, {}];
  if (request.url === '/.well-known/jwks.json')
    return [200, { keys: [{ ...publicJwk, kid: 'one', alg: 'ES256' }] }];
  if (request.url === '/.well-known/oauth-authorization-server')
    return [200, { issuer: url, jwks_uri: `${url}/.well-known/jwks.json` }];
  if (request.url === '/auth/v1/.well-known/jwks.json') return [200, { keys: [people.publicJwk] }];
  const [, credentials = ''] = (request.headers.authorization ?? '').split(' ');
  const said = await text(request);
  if (request.url?.startsWith(USERS)) {
    const on = `${request.method} ${request.url.slice(USERS.length)}`;
    return people.answer({ on, token: credentials, body: said === '' ? {} : JSON.parse(said) });
  }
  const [id = '', secret = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(':');
  return issueToken(id, secret, new URLSearchParams(said));
}

function issueToken(id: string, secret: string, parameters: URLSearchParams): [number, unknown] {
  const { clients, roles, privateJwk } = readState();
  const client = clients[id];
  const isKnown = client !== undefined && client.secret === secret;
  const isGenerous = flaws.includes('token-for-everyone');
  if (!isKnown && !isGenerous && !flaws.includes('believes-any-secret'))
    return [401, { error: 'invalid_client' }];

  const permissions = isGenerous
    ? ['orders:read']
    : (client?.roles.flatMap((role) => roles[role] ?? []) ?? []);
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
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' });
  return [
    200,
    {
      access_token: signWith(key, header, claims),
      token_type: 'Bearer',
      expires_in: client?.lifetimeSeconds,
    },
  ];
}

function readState(): State {
  return JSON.parse(readFileSync(statePath, 'utf8'));
}
