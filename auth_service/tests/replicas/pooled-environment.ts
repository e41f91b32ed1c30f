import { temporaryDirectory } from '../support/run-directory.ts';

export const ADMIN = { email: 'admin@pgbouncer.example', password: 'Wr3ath-Kettle-Lantern-71' };
/** Fewer than one replica has connections to the pooler, and far fewer than there are callers. */
export const SERVER_CONNECTIONS = 3;

/** Of a replica behind a pooler, without limits. */
export function pooledEnvironment(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
  const off = Object.fromEntries(
    ['LOGIN', 'REGISTER', 'TOKEN'].map((limit) => [`RATE_LIMIT_${limit}`, 'off']),
  );
  return {
    ENVIRONMENT: 'testing',
    PORT: '0',
    PUBLIC_URL: 'http://localhost:8000',
    DATA_DIR: temporaryDirectory(),
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    INITIAL_ADMIN_EMAIL: ADMIN.email,
    INITIAL_ADMIN_PASSWORD: ADMIN.password,
    ...off,
    ...settings,
  };
}
