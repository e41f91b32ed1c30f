import { GUIDE_ENVIRONMENT } from '../support/guide-environment.ts';
import type { Environment } from './command-line.ts';

export const MUST_BE_REPLACED = [
  'AUTH_SERVICE_DATABASE_URL',
  'INITIAL_ADMIN_EMAIL',
  'INITIAL_ADMIN_PASSWORD',
  'M2M_JWT_SECRET_KEY',
  'SUPABASE_ANON_KEY',
  'SUPABASE_SERVICE_ROLE_KEY',
  'SUPABASE_URL',
];

/** As `docker compose` reads such a file: no shell, no quotes. */
export function parseEnvironmentFile(text: string): Environment {
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
}

/** The same names with values that could be real; the database by the given URL, in the guide's own spelling. */
export function filledIn(databaseUrl: string): Environment {
  return {
    ...parseEnvironmentFile(GUIDE_ENVIRONMENT),
    SUPABASE_URL: 'https://supabase.acme.test',
    SUPABASE_ANON_KEY: jwtOf('anon'),
    SUPABASE_SERVICE_ROLE_KEY: jwtOf('service_role'),
    AUTH_SERVICE_DATABASE_URL: databaseUrl.replace(/^postgres(ql)?:/, 'postgresql+asyncpg:'),
    M2M_JWT_SECRET_KEY: 'Qm9vdHN0cmFwcGVkIGJ5IGEgdGVzdCwgbm90IGZvciB1c2U',
    INITIAL_ADMIN_EMAIL: 'admin@acme.test',
    INITIAL_ADMIN_PASSWORD: 'Wr3ath-Kettle-Lantern-71',
  };
}

/** Supabase's API keys are JWTs that name their role. */
function jwtOf(role: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'supabase', role, iat: 1_700_000_000, exp: 4_000_000_000 };
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${Buffer.alloc(32, role).toString('base64url')}`;
}
