import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSealer, systemRandom } from '#crypto';
import { isServiceError } from '#errors';
import { writeRefreshToken } from '../../src/identity/embedded/refresh-token.ts';
import { MASTER } from './build-identity.ts';
import { newPerson, refusal, type SignedIn, signInAs } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const NEW_MASTER = Buffer.alloc(32, 8);

describeIdentity('refresh tokens under attack', ({ identity, database, build }) => {
  const sealer = createSealer({ purpose: 'refresh-keys', master: MASTER, random: systemRandom });
  const refresh = (token: string) => identity().people.refresh(token);

  async function storedSession({ bearer }: SignedIn) {
    const { userId, sessionId } = bearer.principal;
    return (await identity().storage.sessions.list(userId)).find(({ id }) => id === sessionId) ?? null;
  }

  /** The key is nobody's to know; here the test plays whoever guessed it. */
  async function keyOf(person: SignedIn): Promise<Buffer> {
    const session = await storedSession(person);
    assert.ok(session !== null);
    return sealer.open(session.sealedRefreshKey, session.id);
  }

  it('one token used 50 times at once, through two processes: one step, one next token', async () => {
    const person = await newPerson(identity());
    const other = await build({ storage: await database().openAnother() });
    const { refresh_token: token } = person.session;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        index % 5 === 0 ? other.people.refresh(token) : refresh(token),
      ),
    );
    assert.equal(new Set(answers.map(({ refresh_token }) => refresh_token)).size, 1);
    assert.equal((await storedSession(person))?.refreshCounter, 1);
    for (const { access_token } of answers) await identity().people.verify(access_token);
    await refresh(answers[0]?.refresh_token ?? '');
    assert.equal((await storedSession(person))?.refreshCounter, 2);
  });

  it('an old token used 20 times at once, too late: the session ends once, and says so once', async () => {
    const person = await newPerson(identity());
    const { refresh_token: current } = await refresh(
      (await refresh(person.session.refresh_token)).refresh_token,
    );
    database().clock.advance(11);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => refresh(person.session.refresh_token)),
    );
    const codes = answers
      .map((answer) => (answer.status === 'rejected' ? answer.reason.code : 'none'))
      .sort();
    assert.deepEqual(codes, ['refresh_token_already_used', ...Array(19).fill('refresh_token_not_found')]);
    await assert.rejects(refresh(current), refusal('refresh_token_not_found'));
    assert.equal(await storedSession(person), null);
    const events = (await identity().auditEvents()).filter(
      ({ action, subjectId }) =>
        action === 'user.refresh_token_reused' && subjectId === person.bearer.principal.sessionId,
    );
    assert.deepEqual(
      events.map(({ outcome, detail }) => ({ outcome, detail })),
      [{ outcome: 'failure', detail: { user_id: person.userId, behind: 2 } }],
    );
  });

  it('a counter ahead of ours was not issued here, and costs the session nothing', async () => {
    const person = await newPerson(identity());
    const key = await keyOf(person);
    const { sessionId } = person.bearer.principal;
    for (const counter of [1, 2, Number.MAX_SAFE_INTEGER]) {
      const ahead = writeRefreshToken(sessionId, counter, key);
      await assert.rejects(refresh(ahead), refusal('refresh_token_not_found'));
    }
    assert.equal((await storedSession(person))?.refreshCounter, 0);
    await refresh(person.session.refresh_token);
  });

  it('nothing that another key signed moves or ends a session, however old it claims to be', async () => {
    const person = await newPerson(identity());
    const neighbour = await signInAs(identity(), person);
    const { refresh_token: current } = await refresh(
      (await refresh(person.session.refresh_token)).refresh_token,
    );
    database().clock.advance(11);
    const { sessionId } = person.bearer.principal;
    const forged = [await keyOf(neighbour), Buffer.alloc(32), Buffer.alloc(0)].flatMap((key) =>
      [0, 1, 2, 3].map((counter) => writeRefreshToken(sessionId, counter, key)),
    );
    const unknownSession = writeRefreshToken(crypto.randomUUID(), 0, await keyOf(person));
    for (const token of [...forged, unknownSession]) {
      await assert.rejects(refresh(token), refusal('refresh_token_not_found'));
    }
    assert.equal((await storedSession(person))?.refreshCounter, 2);
    await refresh(current);
    await refresh(neighbour.session.refresh_token);
  });

  it('no session outlives a log-out everywhere, however hard it is refreshed meanwhile', async () => {
    const person = await newPerson(identity());
    const devices = await Promise.all(Array.from({ length: 4 }, () => signInAs(identity(), person)));
    const storm = devices.flatMap(({ session }) =>
      Array.from({ length: 6 }, () => refresh(session.refresh_token)),
    );
    const endings = devices.map(({ bearer }, index) =>
      identity().people.logout(bearer, index % 2 === 0 ? 'global' : 'others'),
    );
    const answers = await Promise.allSettled([...storm, ...endings]);
    for (const answer of answers) {
      if (answer.status === 'rejected') assert.ok(refusal('refresh_token_not_found')(answer.reason));
    }
    assert.deepEqual(await identity().storage.sessions.list(person.userId), []);
  });

  it('a session sealed with an older encryption key goes on, and is sealed with the new one', async () => {
    const person = await newPerson(identity());
    const rotating = await build({ masters: [NEW_MASTER, MASTER] });
    const next = await rotating.people.refresh(person.session.refresh_token);
    const rotated = await build({ masters: [NEW_MASTER] });
    await rotated.people.refresh(next.refresh_token);
  });

  it('a session that no encryption key opens wants a new log-in, and says so in the log', async () => {
    const person = await newPerson(identity());
    // The rotation above has sealed the signing keys anew, which a lost key would otherwise stop at start.
    const lost = await build({ masters: [NEW_MASTER] });
    database().logger.lines.length = 0;
    await assert.rejects(lost.people.refresh(person.session.refresh_token), (error) =>
      isServiceError(error, 'refresh_token_not_found'),
    );
    const [line, ...others] = database().logger.lines;
    assert.equal(others.length, 0);
    assert.equal(line?.level, 'WARNING');
    assert.equal(line.context?.session_id, person.bearer.principal.sessionId);
    const again = await signInAs(lost, person);
    await lost.people.refresh(again.session.refresh_token);
  });
});
