import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Claims } from './keys.ts';
import { Refusal } from './refusal.ts';

const FUNCTION = 'auth_service_data.custom_access_token_hook';
const STRINGS = ['sub', 'email', 'phone', 'role', 'aal', 'session_id'];

interface HookInput {
  readonly userId: string;
  readonly claims: Claims;
  readonly method: string;
  readonly ip: string;
  readonly now: Date;
}

/** The custom access token hook: a function in the database that says what stands in a token. */
export interface ClaimsHook {
  /**
   * @returns the claims in place of those given
   * @throws Refusal 500, or what the function says
   */
  run(input: HookInput): Promise<Claims>;
  close(): Promise<void>;
}

export function createClaimsHook(url: string): ClaimsHook {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  return {
    async run(input) {
      const output = await call(pool, inputOf(input)).catch(() => {
        throw failure(`Error running hook URI: pg-functions://postgres/${FUNCTION.replace('.', '/')}`);
      });
      return claimsIn(output);
    },
    close: () => pool.end(),
  };
}

function inputOf({ userId, claims, method, ip, now }: HookInput): object {
  return {
    metadata: {
      uuid: randomUUID(),
      time: now.toISOString(),
      name: 'customize-access-token',
      ip_address: ip,
    },
    user_id: userId,
    claims,
    authentication_method: method,
  };
}

async function call(pool: pg.Pool, input: object): Promise<unknown> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query('begin');
    await client.query('set local statement_timeout = 2000');
    const { rows } = await client.query(`select ${FUNCTION}($1::jsonb) as output`, [JSON.stringify(input)]);
    await client.query('commit');
    isBroken = false;
    return rows[0]?.output;
  } finally {
    // A connection whose transaction has failed is not used again.
    client.release(isBroken);
  }
}

function claimsIn(output: unknown): Claims {
  const { claims, error } = (output ?? {}) as { claims?: unknown; error?: unknown };
  const { http_code, message } = (error ?? {}) as { http_code?: unknown; message?: unknown };
  if (typeof message === 'string' && message !== '') {
    throw new Refusal(typeof http_code === 'number' ? http_code : 500, 'unknown', message);
  }
  if (typeof claims !== 'object' || claims === null) throw failure('output claims field is missing');
  const faults = faultsOf(claims as Claims);
  if (faults.length === 0) return claims as Claims;
  throw failure(`output claims do not conform to the expected schema: ${faults.join(', ')}`);
}

function faultsOf(claims: Claims): string[] {
  const { aud, exp, iat, is_anonymous, amr } = claims;
  return [
    ...STRINGS.filter((name) => typeof claims[name] !== 'string'),
    ...(typeof aud === 'string' || Array.isArray(aud) ? [] : ['aud']),
    ...(Number.isInteger(exp) ? [] : ['exp']),
    ...(Number.isInteger(iat) ? [] : ['iat']),
    ...(typeof is_anonymous === 'boolean' ? [] : ['is_anonymous']),
    ...(amr === undefined || Array.isArray(amr) ? [] : ['amr']),
  ];
}

function failure(message: string): Refusal {
  return new Refusal(500, 'unexpected_failure', message);
}
