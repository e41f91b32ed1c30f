const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
const MAX_LENGTH = 2048;

/** An absolute URI without fragment (RFC 3986 §4.3), or null. URL's parser alone would forgive spaces and tabs. */
export function parseAbsoluteUri(text: string): URL | null {
  if (text.length > MAX_LENGTH || !VISIBLE_ASCII.test(text) || text.includes('#')) return null;
  return URL.canParse(text) ? new URL(text) : null;
}

/** One spelling for URIs that mean the same: case of scheme and host, default port, a trailing slash of the path. */
export function normaliseUri(uri: URL): string {
  return uri.search === '' && uri.href.endsWith('/') ? uri.href.slice(0, -1) : uri.href;
}
