import type { JsonWebKey } from 'node:crypto';
import { sha256 } from './digest.ts';

// RFC 7638 §3.2 and RFC 8037 §2: the members that make the key, in lexicographic order.
const REQUIRED_MEMBERS: ReadonlyMap<string | undefined, readonly (keyof JsonWebKey & string)[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
]);

/**
 * RFC 7638 with SHA-256, base64url: the same for a private key and its public half.
 * @throws TypeError for a key of another type, or one without its members
 */
export function jwkThumbprint(jwk: JsonWebKey): string {
  const members = REQUIRED_MEMBERS.get(jwk.kty);
  if (members === undefined) throw new TypeError(`No thumbprint for keys of type ${jwk.kty}.`);
  const canonical = members.map((member) => {
    const value = jwk[member];
    if (typeof value !== 'string') throw new TypeError(`The JWK lacks "${member}".`);
    return [member, value];
  });
  return sha256(JSON.stringify(Object.fromEntries(canonical))).toString('base64url');
}
