/** What makes tokens of claims, for one key. */
export type SignToken = (claims: Record<string, unknown>, typ: string) => string;

/** JWS compact form (RFC 7515 §7.1). Headers of one key differ by `typ` alone, so each is encoded once. */
export function createTokenSigner(
  key: { readonly alg: string; readonly kid?: string },
  sign: (signingInput: Buffer) => Buffer,
): SignToken {
  const headers = new Map<string, string>();

  function headerFor(typ: string): string {
    const header = `${encode({ alg: key.alg, typ, kid: key.kid })}.`;
    headers.set(typ, header);
    return header;
  }

  return (claims, typ) => {
    const signingInput = (headers.get(typ) ?? headerFor(typ)) + encode(claims);
    return `${signingInput}.${sign(Buffer.from(signingInput, 'latin1')).toString('base64url')}`;
  };
}

function encode(value: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
