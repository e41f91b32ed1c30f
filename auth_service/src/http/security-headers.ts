const API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const ONE_YEAR_SECONDS = 31_536_000;

/** Of every answer. Pages set a wider Content-Security-Policy of their own. */
export function createSecurityHeaders(publicUrl: string | null): Readonly<Record<string, string>> {
  return {
    'content-security-policy': API_POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // RFC 6797 §7.2: not over plain http, and whether it is https outside only PUBLIC_URL tells.
    ...(publicUrl?.startsWith('https:')
      ? { 'strict-transport-security': `max-age=${ONE_YEAR_SECONDS}` }
      : {}),
  };
}

/** For the reference at /docs: its own files only, and calls to the service that it documents. */
export function documentationPolicy(publicUrl: string | null): string {
  const service = publicUrl === null ? '' : ` ${new URL(publicUrl).origin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${service}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
