import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOn } from '../support/databases.ts';
import { TOKEN_PATH } from './support/build-test-app.ts';
import { ADA, buildPeopleApp, PASSWORD, USERS } from './support/people-app.ts';
import { listen } from './support/raw-connection.ts';
import { FORM } from './support/token-requests.ts';

const LOGINS = 500;
/** So many that most of the flood is turned away and the rest waits for its hashes the whole time. */
const WAITING = 60;

interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
}

async function post(url: string, headers: Record<string, string>, body: string): Promise<Answered> {
  const answer = await fetch(url, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
}

describeOn('postgres', 'a flood of log-ins', (open) => {
  it('fills a queue of its own: tokens for machines keep coming, and everybody is answered', async () => {
    await using app = await buildPeopleApp(await open(), { people: { waitingHashes: WAITING } });
    await app.signUp();
    const { basic } = await app.makeClient(['orders:read']);
    const { url } = await listen(app.app);
    const logIn = (index: number) => {
      const password = index % 2 === 0 ? PASSWORD : 'a wrong password';
      const headers = { 'content-type': 'application/json' };
      return post(`${url}${USERS}/login`, headers, JSON.stringify({ email: ADA, password }));
    };
    const askForToken = () =>
      post(url + TOKEN_PATH, { authorization: basic, 'content-type': FORM }, 'grant_type=client_credentials');

    let isOver = false;
    const flood = Promise.all(Array.from({ length: LOGINS }, (_, index) => logIn(index))).finally(() => {
      isOver = true;
    });
    const tokens: Answered[] = [];
    let besideTheQueue = 0;
    while (!isOver) {
      tokens.push(await askForToken());
      if (app.people.queueDepth() > 0) besideTheQueue += 1;
    }
    const answers = await flood;

    assert.deepEqual(new Set(tokens.map(({ status }) => status)), new Set([200]));
    // Had they waited behind the log-ins, the queue would have been empty each time.
    assert.ok(besideTheQueue > 1, `${besideTheQueue} of ${tokens.length} tokens`);
    const counts = Object.groupBy(answers, ({ status }) => String(status));
    assert.deepEqual(Object.keys(counts).sort(), ['200', '401', '503']);
    assert.ok((counts[200]?.length ?? 0) + (counts[401]?.length ?? 0) >= WAITING);
    for (const { retryAfter } of counts[503] ?? []) assert.equal(retryAfter, '1');
    assert.deepEqual(
      app.logged().filter(({ level }) => level === 'ERROR'),
      [],
    );
    await app.logIn();
  });
});
