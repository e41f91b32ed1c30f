import type { Parsed, Parser } from './parser.ts';

/** SQLAlchemy's spellings are taken as well, since deployments of the guide carry them. */
const SCHEME = /^postgres(?:ql)?(?:\+(?:asyncpg|psycopg|psycopg2|psycopg_async))?:\/\//i;
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
const ENCODING_REMEDY =
  'Write it as postgresql://user:password@host:5432/database, with special characters of the password percent-encoded (# as %23, / as %2F, ? as %3F, @ as %40).';

/** A PostgreSQL URL; comes out as plain postgresql:// with TLS asked for by `sslmode` alone. */
export const databaseUrl: Parser<string> = {
  form: 'a PostgreSQL URL, such as postgresql://user:password@host:5432/database',
  parse(text) {
    if (!SCHEME.test(text)) return { problem: 'is not a PostgreSQL URL', remedy: ENCODING_REMEDY };
    const url = readUrl(text.replace(SCHEME, 'postgresql://'));
    if (url === null) return { problem: 'is not a URL that can be read', remedy: ENCODING_REMEDY };
    if (url.hostname === '' && !url.searchParams.has('host')) return { problem: 'names no host' };
    return moveSslToSslMode(url);
  },
};

function readUrl(text: string): URL | null {
  const plain = URL.parse(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  const isWhole = plain !== null && plain.hash === '' && (plain.username !== '' || !text.includes('@'));
  return isWhole ? plain : URL.parse(encodePassword(text));
}

/** SQLAlchemy takes a password up to the `@` as it stands; a URL parser would end the host at its `#`, `/` or `?`. */
function encodePassword(text: string): string {
  const [, start, password, rest] = /^(postgresql:\/\/[^:@/?#]+:)([^@]*)(@.*)$/s.exec(text) ?? [];
  if (start === undefined || password === undefined || rest === undefined) return '';
  const encoded = password
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replace(/[#/?\\[\]\s]/g, (character) => encodeURIComponent(character));
  return `${start}${encoded}${rest}`;
}

function moveSslToSslMode(url: URL): Parsed<string> {
  const given = url.searchParams.get('ssl')?.toLowerCase();
  const mode = url.searchParams.get('sslmode') ?? undefined;
  const wanted = given === undefined ? mode : sslModeOf(given);
  if (wanted !== undefined && !SSL_MODES.includes(wanted)) {
    return { problem: 'asks for an unknown sslmode', remedy: `Use one of ${SSL_MODES.join(', ')}.` };
  }
  if (mode !== undefined && wanted !== mode) {
    return { problem: 'has ssl= and sslmode= that contradict each other', remedy: 'Keep sslmode= alone.' };
  }
  if (given !== undefined && wanted !== undefined) {
    url.searchParams.delete('ssl');
    url.searchParams.set('sslmode', wanted);
  }
  return { value: url.href };
}

function sslModeOf(ssl: string): string {
  if (ssl === 'true' || ssl === '1') return 'require';
  if (ssl === 'false' || ssl === '0') return 'disable';
  return ssl;
}
