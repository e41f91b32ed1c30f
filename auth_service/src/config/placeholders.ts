/**
 * `your_…` and `your-…` of the deployment guide, its `yourdomain.com` and its administrator's password. Only at the start
 * of a value or of a part of a URL, an address or a list, so that a passphrase may have the word in its middle.
 */
const PLACEHOLDER = /(?:^|[/:@.[<{(=,])\s*["']?(your(?:[_-][a-z0-9._-]*|domain\.[a-z]+))/i;
const DEFAULT_PASSWORD = 'secure_admin_password';

export function findPlaceholder(text: string): string | null {
  return text === DEFAULT_PASSWORD ? text : (PLACEHOLDER.exec(text)?.[1] ?? null);
}
