import type { Parsed, Parser } from './parser.ts';

const KEY_BYTES = 32;

/** 32 bytes as base64 or base64url, padded or not. */
export const encryptionKey: Parser<Buffer> = {
  form: '32 random bytes in base64, as `openssl rand -base64 32` prints them',
  parse(text) {
    const packed = text.trim();
    if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(packed)) return { problem: 'is not base64' };
    const bytes = Buffer.from(packed, 'base64');
    return bytes.length === KEY_BYTES
      ? { value: bytes }
      : { problem: `holds ${bytes.length} bytes where ${KEY_BYTES} are needed` };
  },
};

const PASSPHRASE_CHARACTERS_MIN = 16;

/** Whoever has the archive may try as often as they like. */
export const longSecret: Parser<string> = {
  form: `a random passphrase of at least ${PASSPHRASE_CHARACTERS_MIN} characters, as \`openssl rand -base64 24\` prints one`,
  parse: (text) =>
    text.trim().length >= PASSPHRASE_CHARACTERS_MIN
      ? { value: text.trim() }
      : { problem: `has fewer than ${PASSPHRASE_CHARACTERS_MIN} characters` },
};

/** An API key of Supabase, old (a JWT) or new (`sb_…`). One of the other kind is refused: it would fail late or leak. */
export function supabaseKey(kind: 'anon' | 'service_role'): Parser<string> {
  const newPrefix = kind === 'anon' ? 'sb_publishable_' : 'sb_secret_';
  const otherPrefix = kind === 'anon' ? 'sb_secret_' : 'sb_publishable_';
  return {
    form: `the ${kind} key of your Supabase project (or its ${newPrefix}… key)`,
    parse(text): Parsed<string> {
      const key = text.trim();
      if (/\s/.test(key)) return { problem: 'contains blanks or line breaks' };
      const role = roleOf(key);
      const isOther = key.startsWith(otherPrefix) || (isSupabaseRole(role) && role !== kind);
      return isOther ? { problem: 'is a key of Supabase, but of the other kind' } : { value: key };
    },
  };
}

function isSupabaseRole(role: unknown): boolean {
  return role === 'anon' || role === 'service_role';
}

function roleOf(key: string): unknown {
  const payload = key.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { role?: unknown } | null)
      ?.role;
  } catch {
    return undefined;
  }
}

/** OpenTelemetry's `name=value,name=value`, with values percent-encoded. */
export const keyValuePairs: Parser<Readonly<Record<string, string>>> = {
  form: 'a list such as name=value,other=value',
  parse(text) {
    const pairs: [string, string][] = [];
    for (const pair of text.split(',').map((piece) => piece.trim())) {
      if (pair === '') continue;
      const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/s.exec(pair) ?? [];
      if (name === undefined || value === undefined) return { problem: 'is not a list of name=value' };
      pairs.push([name, value.replace(/(?:%[0-9a-f]{2})+/gi, decode)]);
    }
    return { value: Object.fromEntries(pairs) };
  },
};

function decode(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}
