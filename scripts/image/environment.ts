import { randomBytes } from 'node:crypto';

/** What a deployer would write, made anew for each run. */
export const ADMINISTRATOR = {
  email: 'admin@example.org',
  password: `a passphrase of this run ${randomBytes(8).toString('hex')}`,
};

export const SECRETS = {
  M2M_JWT_SECRET_KEY: randomBytes(32).toString('hex'),
  ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  INITIAL_ADMIN_EMAIL: ADMINISTRATOR.email,
  INITIAL_ADMIN_PASSWORD: ADMINISTRATOR.password,
};

export function environmentFile(variables: Readonly<Record<string, string>>): string {
  return `${Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
