/**
 * A machine that administers clients: it may do what its role says and hand on what it holds, and can climb no higher.
 * What is taken from it is gone at once, whatever its token says.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from './callers.ts';
import { createClient, order, type Principal, type Scene } from './scene.ts';

const BEYOND_OWN_RIGHTS = '403 exceeds_own_rights';
const WITHOUT_RIGHT = '403 insufficient_permission';
const ROLE = ['clients:read', 'clients:write', 'orders:write'];
/** A second is what is promised; the rest is for a slow machine. */
const PATIENCE_MS = 1_500;

interface Clerk extends Principal {
  readonly credentials: Credentials;
}

/** @param writer a client that holds no more than the clerk. */
export async function playClerk(
  scene: Scene,
  administrator: Principal,
  writer: Credentials,
): Promise<Principal> {
  const { narrator } = scene;
  narrator.chapter('A machine administers, where it was let to');
  await order(scene, administrator, 'POST /roles', { name: 'clerk' });
  for (const permission of ROLE)
    await order(scene, administrator, 'POST /roles/clerk/permissions', { permission });
  const credentials = await createClient(scene, administrator, 'clerk', 'clerk');
  const highest = await createClient(scene, administrator, 'caretaker', 'admin');
  const clerk = await enter(scene, credentials);
  await climb(scene, clerk);
  await replaceSecrets(scene, clerk, { writer, highest });
  await loseTheRight(scene, administrator, clerk);
  return clerk;
}

async function enter(
  { stage, narrator, askToken, askAdmin }: Scene,
  credentials: Credentials,
): Promise<Clerk> {
  const forOthers = await askToken(credentials);
  narrator.step('the clerk asks for a token', '200', forOthers.words);
  const refused = await askAdmin('GET /clients', { token: forOthers.token });
  narrator.step('GET /admin/clients with it', '401 invalid_token', refused.words);
  const forUs = await askToken(credentials, { resource: stage.serverUrl });
  narrator.step('a token with resource = the authentication service', '200', forUs.words);
  const opened = await askAdmin('GET /clients', { token: forUs.token });
  narrator.step('GET /admin/clients with that one', '200', opened.words);
  return { id: credentials.id, token: forUs.token, credentials };
}

async function climb({ narrator, askAdmin }: Scene, { id, token }: Clerk): Promise<void> {
  narrator.chapter('Nobody rises above themselves');
  const create = (role: string) =>
    askAdmin('POST /clients', {
      token,
      body: { client_name: 'assistant', assigned_roles: [role] },
    });
  const take = (role: string) => askAdmin(`POST /clients/${id}/roles`, { token, body: { role } });
  const made = await create('order-writer');
  narrator.step('the clerk creates a client with order-writer', '201', made.words);
  narrator.step('… and one with admin', BEYOND_OWN_RIGHTS, (await create('admin')).words);
  narrator.step('it gives itself order-writer', '201', (await take('order-writer')).words);
  narrator.step('… and admin', BEYOND_OWN_RIGHTS, (await take('admin')).words);
}

async function replaceSecrets(
  { narrator, askToken, askAdmin }: Scene,
  { token }: Clerk,
  { writer, highest }: { readonly writer: Credentials; readonly highest: Credentials },
): Promise<void> {
  narrator.chapter('A secret is replaced while its client works');
  const add = ({ id }: Credentials) => askAdmin(`POST /clients/${id}/secrets`, { token, body: {} });
  const added = await add(writer);
  narrator.step('the clerk gives the writer another secret', '201', added.words);
  narrator.step("… and an administrator's client", BEYOND_OWN_RIGHTS, (await add(highest)).words);
  const renewed = { id: writer.id, secret: String(added.body.client_secret) };
  narrator.step('a token with the old secret', '200', (await askToken(writer)).words);
  narrator.step('… and with the new one', '200', (await askToken(renewed)).words);

  const { body } = await askAdmin(`GET /clients/${writer.id}/secrets`, { token });
  const secrets: { id?: string }[] = Array.isArray(body.items) ? body.items : [];
  const old = secrets.find(({ id }) => id !== added.body.id);
  const removed = await askAdmin(`DELETE /clients/${writer.id}/secrets/${old?.id}`, { token });
  narrator.step('the old one is removed', '200', removed.words);
  narrator.step('a token with the old secret', '401 invalid_client', (await askToken(writer)).words);
  narrator.step('… and with the new one', '200', (await askToken(renewed)).words);
}

async function loseTheRight(scene: Scene, administrator: Principal, clerk: Clerk): Promise<void> {
  const { stage, narrator, askToken, askAdmin } = scene;
  narrator.chapter('A right that is taken away is gone at once');
  const look = async () => (await askAdmin('GET /clients', { token: clerk.token })).words;
  const askFor = async (scope: string) =>
    (await askToken(clerk.credentials, { resource: stage.serverUrl, scope })).words;
  narrator.step('GET /admin/clients with the token of the clerk', '200', await look());
  const taken = await askAdmin('DELETE /roles/clerk/permissions/clients:read', administrator);
  narrator.step('DELETE /admin/roles/clerk/permissions/clients:read', '200', taken.words);
  narrator.step(
    'GET /admin/clients with the same token, within a second',
    WITHOUT_RIGHT,
    await refusal(look),
  );
  narrator.step('the next token, for clients:read', '400 invalid_scope', await askFor('clients:read'));
  narrator.step('… and for clients:write', '200', await askFor('clients:write'));
}

async function refusal(ask: () => Promise<string>): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  let words = await ask();
  while (words === '200' && Date.now() < deadline) {
    await sleep(50);
    words = await ask();
  }
  return words;
}
