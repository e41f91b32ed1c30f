/**
 * How to connect, from the most that can be asked for down to what the other side takes. TLS is as libpq understands
 * `sslmode` (PostgreSQL, 34.19), where pg has meanings of its own: without a mode it is `prefer`, TLS when the server
 * offers it, which verifies nobody; `verify-full` is what keeps an attacker out.
 */
export interface ConnectionVariant {
  readonly url: string;
  /** To be used once the server has said that it offers no TLS; null: then there is no connection. */
  readonly plainUrl: string | null;
  /** Whether the server is asked to bound statements itself. PgBouncer refuses the question; pg bounds them anyway. */
  readonly sendsLimits: boolean;
}

export function connectionVariant(databaseUrl: string): ConnectionVariant {
  const url = new URL(databaseUrl);
  const mode = url.searchParams.get('sslmode') ?? 'prefer';
  const sendsLimits = true;
  if (mode === 'disable' || mode === 'allow' || isUnixSocket(url)) {
    return { url: withMode(url, 'disable'), plainUrl: null, sendsLimits };
  }
  // pg's own mode, and the one that its libpq reading does not know.
  if (mode === 'no-verify') return { url: url.href, plainUrl: null, sendsLimits };
  return {
    url: withMode(url, mode),
    plainUrl: mode === 'prefer' ? withMode(url, 'disable') : null,
    sendsLimits,
  };
}

/** @returns null when the error says nothing that asking for less would cure. */
export function nextVariant(tried: ConnectionVariant, error: unknown): ConnectionVariant | null {
  const message = error instanceof Error ? error.message : '';
  if (tried.plainUrl !== null && message.includes('does not support SSL')) {
    return { ...tried, url: tried.plainUrl, plainUrl: null };
  }
  if (tried.sendsLimits && message.includes('unsupported startup parameter')) {
    return { ...tried, sendsLimits: false };
  }
  return null;
}

function withMode(from: URL, mode: string): string {
  const url = new URL(from);
  url.searchParams.set('sslmode', mode);
  url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

function isUnixSocket(url: URL): boolean {
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname);
  return host === '' || host.startsWith('/');
}
