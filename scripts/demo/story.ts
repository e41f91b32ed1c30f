/**
 * The story: a client gets a right, uses it, loses it and gets it back; a person comes, gets the same right and leaves
 * (people.ts); all of that is then done over HTTP, and nobody rises above themselves (administration.ts); then everybody
 * who should not come in tries (forgeries.ts). Every refusal stands beside a request that differs in one thing only and
 * is let in, so that it proves something.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { playAdministration } from './administration.ts';
import {
  type Credentials,
  createAdminCaller,
  createOrdersCaller,
  createPeopleCaller,
  createTokenCaller,
} from './callers.ts';
import { playForgeries, type ShortLived } from './forgeries.ts';
import type { Narrator } from './narrator.ts';
import { playPeople } from './people.ts';
import { command, type Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const HEARD_MS = 1_050;

const AUDIENCE = 'paservices_microservices';

interface Cast {
  readonly reader: Credentials;
  /** Holds no role. */
  readonly stranger: Credentials;
  /** Like the reader, but its tokens live for one second. */
  readonly hasty: Credentials;
}

export async function playStory(stage: Stage, narrator: Narrator): Promise<void> {
  narrator.chapter('The services start');
  const { serverUrl } = stage;
  const jwksUrl = `${serverUrl}/.well-known/jwks.json`;
  const machines = { JWKS_URL: jwksUrl, ISSUER: serverUrl, AUDIENCE };
  const people = {
    USER_JWKS_URL: `${serverUrl}/auth/v1/.well-known/jwks.json`,
    USER_ISSUER: `${serverUrl}/auth/v1`,
  };
  const [ordersUrl, machineOrdersUrl] = await Promise.all([
    stage.startOrders({ ...machines, ...people }),
    stage.startOrders(machines),
    stage.startServer(),
  ]);
  narrator.note(`authentication service  ${serverUrl}  (nothing configured but its first administrator)`);
  narrator.note(`orders-service          ${ordersUrl}  (knows two issuers, and where their keys are)`);
  narrator.note(`orders-service          ${machineOrdersUrl}  (knows the issuer of machines alone)`);
  await readMetadata(serverUrl, jwksUrl, narrator);

  const scene: Scene = {
    stage,
    narrator,
    askToken: createTokenCaller(serverUrl),
    askPeople: createPeopleCaller(serverUrl),
    askAdmin: createAdminCaller(serverUrl),
    askOrders: createOrdersCaller(ordersUrl),
    askMachineOrders: createOrdersCaller(machineOrdersUrl),
  };
  const cast = await prepare(scene);
  const shortLived = await askShortLived(scene, cast.hasty);
  await useTheRight(scene, cast);
  await loseTheRight(scene, cast.reader);
  await knockWithoutSecret(scene, cast.reader);
  await playPeople(scene, cast.reader);
  await playAdministration(scene);
  await playForgeries(scene, cast.reader, shortLived);

  narrator.chapter('The services stop');
  narrator.step('SIGTERM to both of orders-service', 'exit 0', await stage.stopOrders());
  narrator.step('SIGTERM to the authentication service', 'exit 0', await stage.stopServer());
}

async function readMetadata(serverUrl: string, jwksUrl: string, narrator: Narrator): Promise<void> {
  const response = await fetch(`${serverUrl}/.well-known/oauth-authorization-server`);
  const metadata = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  narrator.step('its metadata names the issuer', serverUrl, String(metadata.issuer));
  narrator.step('… and where the keys are', jwksUrl, String(metadata.jwks_uri));
}

async function prepare(scene: Scene): Promise<Cast> {
  scene.narrator.chapter('A right, a role and clients, by the command line beside the running server');
  const createClient = async (...options: string[]): Promise<Credentials> => {
    const printed = await command(scene, 'clients', 'create', ...options);
    return { id: String(printed.client_id), secret: String(printed.client_secret) };
  };
  await command(scene, 'permissions', 'create', 'orders:read');
  await command(scene, 'roles', 'create', 'order-reader');
  await command(scene, 'roles', 'grant', 'order-reader', 'orders:read');
  return {
    reader: await createClient('--name', 'reader', '--role', 'order-reader'),
    stranger: await createClient('--name', 'stranger'),
    hasty: await createClient('--name', 'hasty', '--role', 'order-reader', '--token-lifetime', '1'),
  };
}

/** Asked for now and used at the end, so that nobody has to wait for it to expire. */
async function askShortLived({ narrator, askToken }: Scene, hasty: Credentials): Promise<ShortLived> {
  const { words, body, token } = await askToken(hasty);
  narrator.step('a token for one second', '200, expires_in 1', `${words}, expires_in ${body.expires_in}`);
  return { token, issuedBefore: Date.now() };
}

async function useTheRight({ narrator, askToken, askOrders }: Scene, cast: Cast): Promise<void> {
  narrator.chapter('The right opens what it names, and nothing else');
  const reply = await askToken(cast.reader);
  narrator.step('the reader asks for a token', '200', reply.words);
  narrator.step('… which no cache may keep', 'no-store', String(reply.headers.get('cache-control')));
  narrator.step('GET /orders with it', '200', await askOrders(reply.token));
  narrator.step(
    'POST /orders with it',
    '403 insufficient_scope orders:write',
    await askOrders(reply.token, 'POST'),
  );
  narrator.step('GET /orders without a token', '401', await askOrders(null));
  const other = await askToken(cast.stranger);
  narrator.step('a client without the role gets a token', '200', other.words);
  narrator.step(
    'GET /orders with that one',
    '403 insufficient_scope orders:read',
    await askOrders(other.token),
  );
}

async function loseTheRight(scene: Scene, reader: Credentials): Promise<void> {
  const { narrator, askToken, askOrders } = scene;
  narrator.chapter('The right is taken away, and given back');
  await command(scene, 'roles', 'revoke', 'order-reader', 'orders:read');
  // What another process changed, the service knows within a second.
  await sleep(HEARD_MS);
  const without = await askToken(reader);
  narrator.step('the next token is issued', '200', without.words);
  narrator.step('GET /orders with it', '403 insufficient_scope orders:read', await askOrders(without.token));
  const asked = await askToken(reader, { scope: 'orders:read' });
  narrator.step('asking for what was taken away', '400 invalid_scope', asked.words);
  await command(scene, 'roles', 'grant', 'order-reader', 'orders:read');
  await sleep(HEARD_MS);
  const again = await askToken(reader);
  narrator.step('the next token after that', '200', again.words);
  narrator.step('GET /orders with that one', '200', await askOrders(again.token));
}

async function knockWithoutSecret({ narrator, askToken }: Scene, reader: Credentials): Promise<void> {
  narrator.chapter('No token without the secret');
  const middle = Math.floor(reader.secret.length / 2);
  const otherLetter = reader.secret[middle] === 'a' ? 'b' : 'a';
  const nearly = reader.secret.slice(0, middle) + otherLetter + reader.secret.slice(middle + 1);
  const wrong = await askToken({ ...reader, secret: nearly });
  narrator.step('a secret with one letter wrong', '401 invalid_client', wrong.words);
  const unknown = await askToken({ id: randomUUID(), secret: reader.secret });
  narrator.step('a client nobody knows', '401 invalid_client', unknown.words);
  const isSame = JSON.stringify(wrong.body) === JSON.stringify(unknown.body);
  narrator.step(
    '… is told apart by nothing',
    'the same answer',
    isSame ? 'the same answer' : 'another answer',
  );
}
