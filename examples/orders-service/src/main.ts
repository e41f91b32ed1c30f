/** Starts the service from its environment, and stops it without dropping a request. */
import type { AddressInfo } from 'node:net';
import { createOrdersServer } from './server.ts';
import { createTokenVerifier, machineTokens, personTokens } from './verify-token.ts';

const { JWKS_URL = '', ISSUER = '', AUDIENCE = '', PORT = '3000', HOST = '127.0.0.1' } = process.env;
const { USER_JWKS_URL = '', USER_ISSUER = '' } = process.env;
const takesPeople = USER_JWKS_URL !== '' || USER_ISSUER !== '';

const needed = { JWKS_URL, ISSUER, AUDIENCE, ...(takesPeople && { USER_JWKS_URL, USER_ISSUER }) };
const missing = Object.entries(needed).filter(([, value]) => value === '');
if (missing.length > 0) fail(`Not set: ${missing.map(([name]) => name).join(', ')}. See README.md.`);
for (const [name, value] of Object.entries({ JWKS_URL, ...(takesPeople && { USER_JWKS_URL }) }))
  if (!URL.canParse(value)) fail(`${name} is not a URL.`);
if (ISSUER === USER_ISSUER)
  fail('ISSUER and USER_ISSUER are the same, and tokens are told apart by it alone.');

const policies = [machineTokens({ issuer: ISSUER, audience: AUDIENCE, jwksUrl: new URL(JWKS_URL) })];
if (takesPeople) policies.push(personTokens({ issuer: USER_ISSUER, jwksUrl: new URL(USER_JWKS_URL) }));
const server = createOrdersServer(createTokenVerifier(policies));

server.on('error', (error) => fail(error.message));
server.listen(Number(PORT), HOST, () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`orders-service listens on http://${HOST}:${port}\n`);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    // close() waits for requests that are under way; the process then ends by itself.
    server.close();
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  });
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
