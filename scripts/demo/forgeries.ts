/** The tokens that orders-service must refuse. Each is a real one, just let in, with one thing changed. */
import type { JsonWebKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from './callers.ts';
import {
  foreignKey,
  hmacWithPublicKey,
  openToken,
  signWith,
  unsigned,
  withBrokenSignature,
  withClaims,
} from './forge.ts';
import type { Scene } from './scene.ts';

const NOT_SIGNED = '401 invalid_token – the token is malformed, or not signed by the issuer';
const NO_KEY = '401 invalid_token – no key of the issuer fits the token';
const WRONG_ISSUER = '401 invalid_token – iss is missing or not accepted here';
const WRONG_AUDIENCE = '401 invalid_token – aud is missing or not accepted here';
const EXPIRED = '401 invalid_token – the token has expired';

/** A token for one second. */
export interface ShortLived {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly issuedBefore: number;
}

export async function playForgeries(
  scene: Scene,
  reader: Credentials,
  shortLived: ShortLived,
): Promise<void> {
  const { stage, narrator, askToken, askOrders } = scene;
  narrator.chapter('Tokens that orders-service must refuse');
  const { token } = await askToken(reader);
  narrator.step('the real one, to compare', '200', await askOrders(token));

  const { header, claims } = openToken(token);
  const stranger = foreignKey();
  const foreign = { iss: 'https://issuer.example' };
  const refused: [string, string, string][] = [
    ['claims changed under the signature', NOT_SIGNED, withClaims(token, { permissions: ['orders:write'] })],
    ['one bit of the signature turned', NOT_SIGNED, withBrokenSignature(token)],
    ['no signature: alg none', NOT_SIGNED, unsigned(header, claims)],
    [
      'HS256 with the public key as secret',
      NOT_SIGNED,
      hmacWithPublicKey(await publicKey(scene, header), header, claims),
    ],
    ['signed by a stranger under our kid', NOT_SIGNED, signWith(stranger, header, claims)],
    [
      'signed by a stranger under an unknown kid',
      NO_KEY,
      signWith(stranger, { ...header, kid: 'unknown' }, claims),
    ],
    [
      'a foreign issuer with its own key',
      WRONG_ISSUER,
      signWith(stranger, { ...header, kid: 'foreign' }, { ...claims, ...foreign }),
    ],
  ];
  for (const [what, expected, forged] of refused) narrator.step(what, expected, await askOrders(forged));

  const forAnother = await askToken(reader, { resource: stage.serverUrl });
  narrator.step('a real token for another audience is issued', '200', forAnother.words);
  narrator.step('… and refused', WRONG_AUDIENCE, await askOrders(forAnother.token));

  // By our own clock, not by the token's exp: a server that ignores the lifetime must be found out, not waited for.
  await sleep(Math.max(0, shortLived.issuedBefore + 1_100 - Date.now()));
  narrator.step('the token of one second, later', EXPIRED, await askOrders(shortLived.token));
}

async function publicKey({ stage }: Scene, header: Record<string, unknown>): Promise<JsonWebKey> {
  const response = await fetch(`${stage.serverUrl}/.well-known/jwks.json`);
  const { keys } = (await response.json()) as { keys: (JsonWebKey & { kid?: string })[] };
  const key = keys.find(({ kid }) => kid === header.kid);
  if (key === undefined) throw new Error('the key that signed the token is not in the key set');
  return key;
}
