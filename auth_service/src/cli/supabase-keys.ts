import type { Command } from 'commander';
import { type Random, systemRandom } from '#crypto';
import { ServiceError } from '#errors';
import { createSharedSecretKeys } from '#keys';
import { wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';
import { readText } from './read-text.ts';

interface KeysOptions {
  readonly jwtSecretFile?: string;
  readonly years: number;
}

interface SupabaseKeys {
  /** Null: it was given, and stays where it is. */
  readonly newSecret: string | null;
  readonly anonKey: string;
  readonly serviceRoleKey: string;
  readonly expiresAt: Date;
}

/** 256 bits, as HS256 wants them (RFC 7518 §3.2). */
const SECRET_BYTES = 32;
/** As Supabase's generate-keys.sh has it; a year is 365 days there. */
const DEFAULT_YEARS = 5;
const YEAR_SECONDS = 365 * 24 * 3600;

export function addSupabaseKeys(program: Command, { output }: CommandContext): void {
  const keys = program
    .command('supabase-keys')
    .description('make a JWT secret for a Supabase of your own, and its anon and service_role keys')
    .option('--jwt-secret-file <file>', 'make the keys of the secret in this file; - for standard input')
    .option('--years <number>', 'how long the keys are good', wholeNumber({ min: 1, max: 30 }), DEFAULT_YEARS)
    .action(async ({ jwtSecretFile, years }: KeysOptions) => {
      const given = jwtSecretFile === undefined ? null : secretIn(await readText(jwtSecretFile));
      const made = makeKeys(given, { years, now: new Date(), random: systemRandom });
      output.result(keysJson(made), () => environmentLines(made));
    });
  withExample(keys, 'auth-service supabase-keys');
}

/** Blanks may belong to a secret; the line break at its end comes from the tool that made the file. */
function secretIn(text: string): string {
  const secret = text.replace(/[\r\n]+$/, '');
  if (/[\r\n]/.test(secret)) {
    throw new ServiceError('validation_failed', 'The file must hold the JWT secret alone, in one line.');
  }
  const count = Buffer.byteLength(secret);
  if (count < SECRET_BYTES) {
    throw new ServiceError(
      'validation_failed',
      `The JWT secret has ${count} bytes, and HS256 needs ${SECRET_BYTES} (RFC 7518 §3.2): the keys could be forged ` +
        'by trying. Have a new one made by leaving out --jwt-secret-file.',
    );
  }
  return secret;
}

function makeKeys(
  given: string | null,
  { years, now, random }: { years: number; now: Date; random: Random },
): SupabaseKeys {
  // Hexadecimal, so that no shell, compose file or URL needs it quoted.
  const secret = given ?? random.bytes(SECRET_BYTES).toString('hex');
  const iat = Math.floor(now.getTime() / 1000);
  const exp = iat + years * YEAR_SECONDS;
  const { signToken } = createSharedSecretKeys({ secret, previous: null });
  return {
    newSecret: given === null ? secret : null,
    anonKey: signToken({ role: 'anon', iss: 'supabase', iat, exp }, 'JWT'),
    serviceRoleKey: signToken({ role: 'service_role', iss: 'supabase', iat, exp }, 'JWT'),
    expiresAt: new Date(exp * 1000),
  };
}

function keysJson({ newSecret, anonKey, serviceRoleKey, expiresAt }: SupabaseKeys) {
  return {
    jwt_secret: newSecret,
    anon_key: anonKey,
    service_role_key: serviceRoleKey,
    expires_at: expiresAt.toISOString(),
  };
}

function environmentLines({ newSecret, anonKey, serviceRoleKey, expiresAt }: SupabaseKeys): string {
  const theirs = newSecret === null ? [] : [`JWT_SECRET=${newSecret}`];
  const ours = newSecret === null ? '#SUPABASE_JWT_SECRET=' : `SUPABASE_JWT_SECRET=${newSecret}`;
  return [
    `# For the .env of Supabase. Both keys end on ${expiresAt.toISOString().slice(0, 10)}.`,
    ...theirs,
    `ANON_KEY=${anonKey}`,
    `SERVICE_ROLE_KEY=${serviceRoleKey}`,
    '',
    '# For the environment of auth-service. The service_role key may do everything: keep it on servers.',
    `SUPABASE_ANON_KEY=${anonKey}`,
    `SUPABASE_SERVICE_ROLE_KEY=${serviceRoleKey}`,
    '# The JWT secret of Supabase, only as long as user tokens are signed with it: as long as JWT_KEYS is not set there.',
    ours,
  ].join('\n');
}
