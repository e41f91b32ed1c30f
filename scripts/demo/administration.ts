/**
 * What the command line did before, done over HTTP by an administrator, and by nobody else. Then a machine does a part
 * of it (clerk.ts), and it is told who did what.
 */
import type { Credentials } from './callers.ts';
import { playClerk } from './clerk.ts';
import { openToken } from './forge.ts';
import { createClient, order, type Principal, refresh, type Scene } from './scene.ts';

const GRACE = { email: 'grace@example.com', password: 'a ship in port is safe' };
const WITHOUT_RIGHT = '403 insufficient_scope orders:write';

interface Grace extends Principal {
  readonly refreshToken: string;
}

export async function playAdministration(scene: Scene): Promise<void> {
  const grace = await register(scene);
  const administrator = await admit(scene, grace);
  const writer = await setUp(scene, administrator);
  await giveAPersonTheRight(scene, administrator, grace);
  const clerk = await playClerk(scene, administrator, writer);
  await writeAtOnce(scene, administrator);
  await removeAdministrators(scene, administrator, grace);
  await readTheAudit(scene, { administrator, clerk, writer });
}

async function register({ narrator, askPeople }: Scene): Promise<Grace> {
  narrator.chapter('An administrator is let in, over HTTP, and nobody else');
  narrator.step('grace registers', '201', (await askPeople('POST /register', { body: GRACE })).words);
  const { words, accessToken: token, refreshToken } = await askPeople('POST /login', { body: GRACE });
  narrator.step('… and logs in', '200', words);
  return { id: subjectOf(token), token, refreshToken };
}

async function admit({ stage, narrator, askPeople, askAdmin }: Scene, grace: Grace): Promise<Principal> {
  const { words, accessToken: token } = await askPeople('POST /login', { body: stage.administrator });
  narrator.step('the administrator, named at the start, logs in', '200', words);
  narrator.step('GET /admin/roles with their token', '200', (await askAdmin('GET /roles', { token })).words);
  const refused = await askAdmin('GET /roles', { token: grace.token });
  narrator.step("… and with grace's", '403 insufficient_permission', refused.words);
  return { id: subjectOf(token), token };
}

async function setUp(scene: Scene, administrator: Principal): Promise<Credentials> {
  const { narrator, askToken, askOrders } = scene;
  narrator.chapter('A right, a role and a client, by the administrator');
  await order(scene, administrator, 'POST /permissions', { name: 'orders:write' });
  await order(scene, administrator, 'POST /roles', { name: 'order-writer' });
  const writer = await createClient(scene, administrator, 'writer', 'order-writer');
  const without = await askToken(writer);
  narrator.step('the new client gets a token', '200', without.words);
  narrator.step('POST /orders with it', WITHOUT_RIGHT, await askOrders(without.token, 'POST'));
  await order(scene, administrator, 'POST /roles/order-writer/permissions', { permission: 'orders:write' });
  const reply = await askToken(writer);
  narrator.step('the next token', '200', reply.words);
  narrator.step('POST /orders with that one', '201', await askOrders(reply.token, 'POST'));
  return writer;
}

async function giveAPersonTheRight(scene: Scene, administrator: Principal, grace: Grace): Promise<void> {
  const { narrator, askAdmin, askOrders } = scene;
  narrator.chapter('A person gets a role, by the administrator');
  const before = await refresh(scene, grace);
  narrator.step('grace refreshes her session', '200', before.words);
  narrator.step('POST /orders with its token', WITHOUT_RIGHT, await askOrders(before.accessToken, 'POST'));
  const given = await askAdmin(`POST /users/${grace.id}/roles`, {
    token: administrator.token,
    body: { role: 'order-writer' },
  });
  narrator.step('POST /admin/users/{grace}/roles order-writer', '201', given.words);
  const after = await refresh(scene, before);
  narrator.step('now the refreshed session', '200', after.words);
  narrator.step('POST /orders with its token', '201', await askOrders(after.accessToken, 'POST'));
}

async function writeAtOnce({ narrator, askAdmin }: Scene, { token }: Principal): Promise<void> {
  narrator.chapter('Two administrators do not overwrite each other');
  const write = (description: string, ifMatch: string) =>
    askAdmin('PUT /roles/order-writer', { token, body: { description }, ifMatch });
  const read = await askAdmin('GET /roles/order-writer', { token });
  narrator.step('both read the role', '200', read.words);
  const first = await write('May place orders', read.tag);
  narrator.step('one writes, If-Match what was read', '200', first.words);
  const late = await write('Places orders', read.tag);
  narrator.step('the other one does, If-Match the same', '412 precondition_failed', late.words);
  const again = await write('Places orders', first.tag);
  narrator.step('… and If-Match what the first one wrote', '200', again.words);
}

async function removeAdministrators(scene: Scene, { id, token }: Principal, grace: Grace): Promise<void> {
  const { narrator, askAdmin } = scene;
  narrator.chapter('The last administrator stays');
  const given = await askAdmin(`POST /users/${grace.id}/roles`, { token, body: { role: 'admin' } });
  narrator.step('grace becomes an administrator', '201', given.words);
  const opened = await askAdmin('GET /roles', { token: grace.token });
  narrator.step('GET /admin/roles with the token she had before', '200', opened.words);
  const removed = await askAdmin(`DELETE /users/${grace.id}/roles/admin`, { token });
  narrator.step('… and is none any more', '200', removed.words);
  const closed = await askAdmin('GET /roles', { token: grace.token });
  narrator.step('GET /admin/roles with that token', '403 insufficient_permission', closed.words);
  const last = await askAdmin(`DELETE /users/${id}/roles/admin`, { token });
  narrator.step('the same for the one who is left', '409 last_administrator', last.words);
}

async function readTheAudit(
  { narrator, askAdmin }: Scene,
  { administrator, clerk, writer }: { administrator: Principal; clerk: Principal; writer: Credentials },
): Promise<void> {
  narrator.chapter('It is known who did it');
  const names = new Map([
    [administrator.id, 'the administrator'],
    [clerk.id, 'the clerk'],
  ]);
  const whoDid = async (query: string) => {
    const { words, body } = await askAdmin(`GET /audit?${query}`, { token: administrator.token });
    const [newest] = Array.isArray(body.items) ? body.items : [];
    return `${words}, ${names.get(newest?.actor?.id) ?? 'somebody else'}`;
  };
  const taken = await whoDid('action=permission.removed');
  narrator.step('who took the right from the clerk', '200, the administrator', taken);
  const replaced = await whoDid(`action=client.secret_added&subject=${writer.id}`);
  narrator.step('who gave the writer another secret', '200, the clerk', replaced);
}

function subjectOf(token: string): string {
  return String(openToken(token).claims.sub);
}
