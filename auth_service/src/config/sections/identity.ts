import type { IdentityConfig } from '../config.ts';
import { supabaseKey } from '../parsers/keys.ts';
import { list } from '../parsers/parser.ts';
import { choice, headerName, text, word, yesOrNo } from '../parsers/plain.ts';
import { baseUrl } from '../parsers/urls.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, variable } from '../variable.ts';

export const identitySection = {
  title: 'Identity',
  about: 'Who keeps the user accounts: Supabase Auth, or the identity server within this service.',
  variables: {
    identity: variable({
      name: 'IDENTITY',
      parser: choice('supabase', 'embedded'),
      defaultMeaning:
        '`supabase` in staging and production; elsewhere `supabase` when SUPABASE_URL is set, else `embedded`',
      example: 'supabase',
      description:
        'supabase or embedded. In staging and production the embedded server must be asked for by name.',
    }),
    url: variable({
      name: 'SUPABASE_URL',
      parser: baseUrl('the URL of your Supabase, such as https://supabase.example.com'),
      example: 'https://your_domain.com',
      description: 'Base URL of Supabase, without `/auth/v1`.',
    }),
    anonKey: variable({
      name: 'SUPABASE_ANON_KEY',
      parser: supabaseKey('anon'),
      secrecy: 'secret',
      example: 'your_anon_key',
      description: 'The anon key of Supabase, or its newer `sb_publishable_…` key.',
    }),
    serviceRoleKey: variable({
      name: 'SUPABASE_SERVICE_ROLE_KEY',
      parser: supabaseKey('service_role'),
      secrecy: 'secret',
      example: 'your_service_role_key',
      description: 'The service_role key of Supabase, or its newer `sb_secret_…` key.',
    }),
    jwtSecret: variable({
      name: 'SUPABASE_JWT_SECRET',
      parser: text('the JWT secret of your Supabase'),
      secrecy: 'secret',
      example: 'your_supabase_jwt_secret',
      description:
        'The JWT secret of Supabase, needed only while it signs user tokens with HS256. Must differ from M2M_JWT_SECRET_KEY.',
    }),
    jwtIssuer: variable({
      name: 'SUPABASE_JWT_ISSUER',
      parser: list(word('an issuer'), 'issuers by comma'),
      defaultMeaning: '`{SUPABASE_URL}/auth/v1`',
      example: 'https://your_domain.com/auth/v1',
      description: 'Issuers of user tokens, by comma. `none` among them also takes tokens without `iss`.',
    }),
    rateLimitHeader: variable({
      name: 'SUPABASE_RATE_LIMIT_HEADER',
      parser: headerName,
      default: 'X-Forwarded-For',
      description:
        'The header in which Supabase Auth is told the address of the caller, beside Sb-Forwarded-For: what GOTRUE_RATE_LIMIT_HEADER names there. Otherwise it limits everybody here as one.',
    }),
    autoconfirm: variable({
      name: 'MAILER_AUTOCONFIRM',
      parser: yesOrNo,
      default: { local: 'true', production: 'false' },
      description: 'Embedded identity only: new accounts count as confirmed without a mail.',
    }),
  },
} satisfies Section;

const { variables } = identitySection;
export type IdentityValues = ValuesOf<typeof identitySection>;

/** null once a fault is reported. */
export function assembleIdentity(values: IdentityValues, reading: Reading): IdentityConfig | null {
  const isUrlGiven = values.url !== null || reading.isFaulty(variables.url);
  const kind = values.identity ?? (reading.isProduction || isUrlGiven ? 'supabase' : 'embedded');
  if (kind === 'embedded') {
    if (isUrlGiven) {
      const remedy = 'Unset it, or set IDENTITY=supabase.';
      reading.warn(variables.url, 'is not used, since IDENTITY is embedded.', remedy);
    }
    if (values.autoconfirm && reading.isProduction) {
      const problem = 'is on, so that anybody can use an account under an address that is not theirs.';
      reading.warn(
        variables.autoconfirm,
        problem,
        'Unset it, unless every caller of the registration is trusted.',
      );
    }
    return { kind, confirmsAutomatically: values.autoconfirm };
  }
  return assembleSupabase(values, reading);
}

function assembleSupabase(values: IdentityValues, reading: Reading): IdentityConfig | null {
  const { url, anonKey, serviceRoleKey } = values;
  const otherwise = 'or set IDENTITY=embedded to keep the accounts in this service';
  if (url === null) reading.missing(variables.url, `Set it to the URL of your Supabase, ${otherwise}.`);
  for (const key of ['anonKey', 'serviceRoleKey'] as const) {
    const variable = variables[key];
    if (values[key] === null) reading.missing(variable, `Set it to ${variable.parser.form}, ${otherwise}.`);
  }
  if (url?.endsWith('/auth/v1')) {
    reading.fault(variables.url, 'ends with /auth/v1, which is appended to it.', 'Leave /auth/v1 out of it.');
  }
  if (values.jwtSecret !== null && reading.isProduction && Buffer.byteLength(values.jwtSecret) < 32) {
    const problem = 'is shorter than 32 bytes, so that user tokens could be forged by trying.';
    reading.warn(variables.jwtSecret, problem, 'Give your Supabase a longer JWT secret, or asymmetric keys.');
  }
  if (url === null || anonKey === null || serviceRoleKey === null) return null;
  return {
    kind: 'supabase',
    url,
    anonKey,
    serviceRoleKey,
    jwtSecret: values.jwtSecret,
    rateLimitHeader: values.rateLimitHeader,
    ...issuers(values, url),
  };
}

function issuers(values: IdentityValues, url: string) {
  const named = (values.jwtIssuer ?? []).filter((issuer) => issuer !== 'none');
  return {
    jwtIssuers: named.length > 0 ? named : [`${url}/auth/v1`],
    acceptsTokensWithoutIssuer: values.jwtIssuer?.includes('none') ?? false,
  };
}

/** What marks a user token, for keeping machine tokens apart from them. */
export function userTokenMarks(
  values: IdentityValues,
  identity: IdentityConfig | null,
  publicUrl: string | null,
) {
  // With a slash at the end as well: consumers may take the two for one.
  const own = publicUrl === null ? [] : [`${publicUrl}/auth/v1`, `${publicUrl}/auth/v1/`];
  return {
    issuers: identity?.kind === 'supabase' ? identity.jwtIssuers : own,
    isSecret: (secret: string | null) => secret !== null && secret === values.jwtSecret,
  };
}
