/** Values that a careless script breaks on, or gives away. */
const AWKWARD = 'it\'s "q" $HOME $(touch /tmp/never) `id` | & \\ \\n %s {{ }}';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** The guide's six, each of which is a secret. */
export const APPLICATION = {
  SUPABASE_URL: 'https://supabase-secret-1.example.com',
  SUPABASE_ANON_KEY: `secret-2 ${AWKWARD}`,
  SUPABASE_SERVICE_ROLE_KEY: 'secret-3\nof two lines|\nand a third\n',
  AUTH_SERVICE_DATABASE_URL: 'postgresql+asyncpg://postgres:secret-4$x|"\'@db:5432/postgres',
  M2M_JWT_SECRET_KEY: 'secret-5 ends in a backslash\\',
  REDIS_URL: 'redis://:secret-6@redis:6379',
} as const;

export const SECRETS = {
  ...APPLICATION,
  DOCKERHUB_TOKEN: 'dckr_pat_secret-7',
  AUTH_SERVICE_EXTRA_ENV: `# Beyond the guide\nENCRYPTION_KEY=secret-8=\r\n\nSMTP_PASSWORD=secret-9 ${AWKWARD}\n`,
  SMOKE_CLIENT_SECRET: 'secret-10:"\\+',
  DIGITALOCEAN_ACCESS_TOKEN: 'dop_v1_secret-11"\\',
} as const;

/** What AUTH_SERVICE_EXTRA_ENV says. */
export const EXTRA = { ENCRYPTION_KEY: 'secret-8=', SMTP_PASSWORD: `secret-9 ${AWKWARD}` } as const;

/** A part of each secret that has no business on a command line or in an output. */
export const TELLTALE = /secret-\d+/;

export const DEPLOYMENT = {
  ...SECRETS,
  DOCKERHUB_USERNAME: 'paservices',
  IMAGE_TAG: COMMIT,
  AUTH_DOMAIN: 'auth.example.com',
  ACME_EMAIL: 'admin@example.com',
  SMOKE_CLIENT_ID: '0198c0de-0000-7000-8000-000000000000',
  EXPECTED_VERSION: '9.9.9',
  SMOKE_TIMEOUT_SECONDS: '0',
  SMOKE_INTERVAL_SECONDS: '0',
} as const;

export function without(
  settings: Readonly<Record<string, string>>,
  ...names: readonly string[]
): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}
