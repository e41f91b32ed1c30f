import { generateKeyPairSync, randomUUID } from 'node:crypto';

// GOTRUE_JWT_KEYS as Supabase's utils/add-new-auth-keys.sh makes it: a list of JWKs, of which the one that may `sign`
// signs, and each names its algorithm. The secret stands among them, since with keys given nothing else is taken, and
// ANON_KEY and SERVICE_ROLE_KEY are signed with it.
const [secret = ''] = process.argv.slice(2);
if (secret === '') throw new Error('The JWT secret is missing: node jwt-keys.mjs SECRET');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pair = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'ES256' };
const shared = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: 'HS256' };
process.stdout.write(`${JSON.stringify([{ ...pair, key_ops: ['sign', 'verify'] }, shared])}\n`);
