import { equalInConstantTime, hmacSha256 } from '#crypto';
import { decodeToken } from '#keys';
import type { SupabaseSettings } from '../dependencies.ts';
import { isPublishableKey, isSecretKey } from '../key-kinds.ts';
import { type Finding, type FindingId, fault, ok, type Trouble, warning } from './findings.ts';
import { describeReply, type Reply } from './question.ts';

interface Key {
  readonly id: FindingId;
  readonly variable: string;
  readonly text: string;
  /** The role that a JWT of its kind names. */
  readonly role: 'anon' | 'service_role';
  /** Its name in Supabase's `.env`. */
  readonly source: string;
}

/** @param reply to a question that takes any key */
export function judgeAnonKey(reply: Reply, settings: SupabaseSettings, now: Date): Finding {
  const names = { id: 'anon_key', variable: 'SUPABASE_ANON_KEY', role: 'anon', source: 'ANON_KEY' } as const;
  return judge({ ...names, text: settings.anonKey }, reply, settings, now);
}

/** @param reply to a question that takes an administrator's */
export function judgeServiceKey(reply: Reply, settings: SupabaseSettings, now: Date): Finding {
  const names = {
    id: 'service_key',
    variable: 'SUPABASE_SERVICE_ROLE_KEY',
    role: 'service_role',
    source: 'SERVICE_ROLE_KEY',
  } as const;
  return judge({ ...names, text: settings.serviceRoleKey }, reply, settings, now);
}

function judge(key: Key, reply: Reply, settings: SupabaseSettings, now: Date): Finding {
  const { id, variable } = key;
  const flaw = flawOf(key, settings, now);
  const isTaken = reply.is === 'answer' && reply.status === 200;
  if (!isTaken) return fault(id, flaw ?? describeRefusal(key, reply));
  if (flaw !== null) return warning(id, flaw);
  return ok(id, id === 'anon_key' ? `${variable} is taken.` : `${variable} is taken, and administers.`);
}

/** What is wrong with it by itself, whoever takes it. */
function flawOf(key: Key, settings: SupabaseSettings, now: Date): Trouble | null {
  const { variable, text, role, source } = key;
  const decoded = decodeToken(text);
  const opaqueRole = isSecretKey(text) ? 'service_role' : isPublishableKey(text) ? 'anon' : undefined;
  const itsRole = opaqueRole ?? decoded?.claims.role;
  const remedy = `Set ${variable} to ${source} of Supabase's .env, in the cloud from Settings → API Keys.`;
  if (itsRole !== undefined && itsRole !== role) {
    const detail = `${variable} holds a key of the role ${String(itsRole)}.`;
    return { detail, cause: 'The two keys were swapped, or a token of a user was taken for one.', remedy };
  }
  const { exp } = decoded?.claims ?? {};
  if (typeof exp === 'number' && exp * 1000 <= now.getTime()) {
    const day = new Date(exp * 1000).toISOString().slice(0, 10);
    return {
      detail: `${variable} has expired (${day}).`,
      cause: 'Keys that are JWTs end some years after they were made.',
      remedy: `Make both anew for the same secret with \`auth-service supabase-keys --jwt-secret-file PATH\`, and set them here and in Supabase's .env.`,
    };
  }
  if (isOfAnotherSecret(text, decoded?.header.alg, settings.jwtSecret)) {
    return {
      detail: `${variable} is not signed with SUPABASE_JWT_SECRET.`,
      cause:
        'The key and the secret come from two installations, or the secret was changed after the key was made.',
      remedy: `${remedy} SUPABASE_JWT_SECRET must be JWT_SECRET of the same file.`,
    };
  }
  return null;
}

function isOfAnotherSecret(key: string, algorithm: unknown, secret: string | null): boolean {
  if (algorithm !== 'HS256' || secret === null) return false;
  const end = key.lastIndexOf('.');
  const signature = Buffer.from(key.slice(end + 1), 'base64url');
  const expected = hmacSha256(Buffer.from(secret), key.slice(0, end));
  return signature.length !== expected.length || !equalInConstantTime(signature, expected);
}

function describeRefusal({ variable, role, source }: Key, reply: Reply): Trouble {
  const detail = `${variable} is not taken: ${describeReply(reply)}.`;
  const isOfKey = reply.is === 'answer' && reply.status >= 400 && reply.status < 500 && reply.status !== 429;
  if (!isOfKey) {
    return {
      detail,
      cause: 'Supabase Auth itself fails, or is cut off on the way.',
      remedy: 'See with `docker compose logs auth` what it says, then run this again.',
    };
  }
  if (reply.code === 'not_admin') {
    const cause = `Supabase Auth takes it for a key that is not of the role ${role}.`;
    return { detail, cause, remedy: `Set ${variable} to ${source} of Supabase's .env.` };
  }
  return {
    detail,
    cause: 'It belongs to another project or installation, was revoked, or is not written out in full.',
    remedy: `Set ${variable} to ${source} of the .env that Supabase was started with (\`docker compose up -d\` after changing that), in the cloud from Settings → API Keys.`,
  };
}
