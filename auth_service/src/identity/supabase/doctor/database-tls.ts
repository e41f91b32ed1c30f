import { isIP } from 'node:net';
import { type Finding, ok, warning } from './findings.ts';

const PROVES_THE_SERVER = ['verify-ca', 'verify-full'];
const ENCRYPTS = [...PROVES_THE_SERVER, 'require', 'no-verify'];
/** Loopback, the private networks (RFC 1918, RFC 4193) and link-local addresses. */
const NEAR = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd][0-9a-f]{2}:|fe80:)/;

/** Whether what is said to the database can be read on the way. @param urls of PostgreSQL; none: it is embedded */
export function judgeDatabaseTls(urls: readonly string[]): Finding {
  const far = urls.map(readTarget).filter(({ host }) => !isNear(host));
  if (far.length === 0) return ok('database_tls', 'The database is near, where TLS is not needed.');
  const open = far.find(({ mode }) => !ENCRYPTS.includes(mode));
  if (open === undefined) {
    return ok(
      'database_tls',
      far.every(({ mode }) => PROVES_THE_SERVER.includes(mode))
        ? 'The connection to the database is encrypted, and the server proves who it is.'
        : 'The connection to the database is encrypted; with sslmode=verify-full the server would also prove who it is.',
    );
  }
  return warning('database_tls', {
    detail: `Nothing makes sure that the connection to the database at ${open.host} is encrypted.`,
    cause:
      open.mode === 'prefer'
        ? 'Its URL names no sslmode, so that TLS is used when the server offers it, and somebody in between can have it left out.'
        : `Its URL says sslmode=${open.mode}.`,
    remedy:
      'Add ?sslmode=verify-full&sslrootcert=/path/to/prod-ca.crt to AUTH_SERVICE_DATABASE_URL and DATABASE_DIRECT_URL, in the cloud with the certificate of Database → Settings → SSL Configuration; sslmode=require at the least.',
  });
}

function readTarget(text: string): { readonly host: string; readonly mode: string } {
  const url = new URL(text);
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname);
  return {
    host: host.replace(/^\[|\]$/g, '').toLowerCase(),
    mode: url.searchParams.get('sslmode') ?? 'prefer',
  };
}

/** A socket, an address of such a network, or a name without a dot, which only a network of containers knows. */
function isNear(host: string): boolean {
  if (host === '' || host.startsWith('/')) return true;
  return isIP(host) === 0 ? !host.includes('.') : NEAR.test(host);
}
