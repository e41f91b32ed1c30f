/** A person registers, logs in on two devices, gets a right, and leaves; and is never taken for a machine. */
import type { Credentials, PersonReply } from './callers.ts';
import { withClaims } from './forge.ts';
import { command, refresh, type Scene } from './scene.ts';

const ADA = { email: 'ada@example.com', password: 'correct horse battery' };
const WITHOUT_RIGHT = '403 insufficient_scope orders:read';
const NO_KEY = '401 invalid_token – no key of the issuer fits the token';
const OTHER_ISSUER = '401 invalid_token – iss is missing or not accepted here';

interface Devices {
  readonly laptop: PersonReply;
  readonly phone: PersonReply;
}

export async function playPeople(scene: Scene, reader: Credentials): Promise<void> {
  const devices = await comeIn(scene);
  const laptop = await getTheRight(scene, devices.laptop);
  await stayApart(scene, laptop, reader);
  await leave(scene, { ...devices, laptop });
}

async function comeIn({ narrator, askPeople, askOrders }: Scene): Promise<Devices> {
  narrator.chapter('A person registers and logs in');
  narrator.step('ada registers', '201', (await askPeople('POST /register', { body: ADA })).words);
  const again = await askPeople('POST /register', { body: { ...ADA, email: 'Ada@Example.com' } });
  narrator.step('… and again, in other letters', '409 email_exists', again.words);
  const wrong = await askPeople('POST /login', { body: { ...ADA, password: 'correct horse battlry' } });
  narrator.step('a password with one letter wrong', '401 invalid_credentials', wrong.words);
  const unknown = await askPeople('POST /login', { body: { ...ADA, email: 'eve@example.com' } });
  narrator.step('an e-mail nobody knows', '401 invalid_credentials', unknown.words);
  narrator.step('… is told apart by nothing', 'the same answer', sameness(wrong, unknown));

  const laptop = await askPeople('POST /login', { body: ADA });
  narrator.step('ada logs in', '200', laptop.words);
  const phone = await askPeople('POST /login', { body: ADA });
  narrator.step('… and on her phone', '200', phone.words);
  const me = await askPeople('GET /me', { token: laptop.accessToken });
  narrator.step('GET /me', `200 ${ADA.email}`, `${me.words} ${me.body.email}`);
  narrator.step('GET /orders with her token', WITHOUT_RIGHT, await askOrders(laptop.accessToken));
  return { laptop, phone };
}

/** @returns the session as it is after its refreshes. */
async function getTheRight(scene: Scene, session: PersonReply): Promise<PersonReply> {
  const { narrator, askPeople, askOrders } = scene;
  narrator.chapter('The person gets a right, and cannot take one');
  const body = { user_metadata: { permissions: ['orders:read'] } };
  const claimed = await askPeople('PATCH /me', { token: session.accessToken, body });
  narrator.step('ada writes a permission into user_metadata', '422 validation_failed', claimed.words);
  const tried = await refresh(scene, session);
  narrator.step('… refreshes her session', '200', tried.words);
  narrator.step('… and may do as little as before', WITHOUT_RIGHT, await askOrders(tried.accessToken));
  await command(scene, 'roles', 'grant', 'user', 'orders:read');
  const refreshed = await refresh(scene, tried);
  narrator.step('now the refreshed session', '200', refreshed.words);
  narrator.step('GET /orders with its token', '200', await askOrders(refreshed.accessToken));
  return refreshed;
}

async function stayApart(scene: Scene, person: PersonReply, reader: Credentials): Promise<void> {
  const { stage, narrator, askToken, askPeople, askOrders, askMachineOrders } = scene;
  narrator.chapter('Machines and people are never taken for each other');
  const { token: machine } = await askToken(reader);
  const machineAtMe = await askPeople('GET /me', { token: machine });
  narrator.step('GET /me with the token of a machine', '401 invalid_token', machineAtMe.words);
  narrator.step('a service for machines alone lets that one in', '200', await askMachineOrders(machine));
  narrator.step('… and refuses the person', OTHER_ISSUER, await askMachineOrders(person.accessToken));
  const asMachine = withClaims(person.accessToken, { iss: stage.serverUrl });
  narrator.step("the person's token under the machines' issuer", NO_KEY, await askOrders(asMachine));
  const asPerson = withClaims(machine, { iss: `${stage.serverUrl}/auth/v1` });
  narrator.step("the machine's token under the people's issuer", NO_KEY, await askOrders(asPerson));
}

async function leave(scene: Scene, { laptop, phone }: Devices): Promise<void> {
  const { narrator, askPeople } = scene;
  narrator.chapter('The person leaves');
  const token = laptop.accessToken;
  narrator.step('ada logs out', '200', (await askPeople('POST /logout', { token })).words);
  narrator.step(
    'GET /me with that token',
    '401 invalid_token',
    (await askPeople('GET /me', { token })).words,
  );
  const late = await refresh(scene, laptop);
  narrator.step('… and refreshing that session', '401 refresh_token_not_found', late.words);
  const elsewhere = await askPeople('GET /me', { token: phone.accessToken });
  narrator.step('her phone is still logged in', '200', elsewhere.words);
  narrator.note('orders-service asks nobody: there a token that is out lives on until it expires');
}

function sameness(one: PersonReply, other: PersonReply): string {
  const said = ({ words, body }: PersonReply) => JSON.stringify([words, { ...body, request_id: null }]);
  return said(one) === said(other) ? 'the same answer' : 'another answer';
}
