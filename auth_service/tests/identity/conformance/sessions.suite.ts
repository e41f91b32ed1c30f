import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bearerOf,
  type ConformanceSuite,
  itWhere,
  newPerson,
  refusal,
  type SignedIn,
  signInAs,
} from './under-test.ts';

export function describeSessions({ identity, capabilities }: ConformanceSuite): void {
  const { listsSessions, movesTime, seesUserAgent } = capabilities;
  const idOf = ({ bearer }: SignedIn) => bearer.principal.sessionId;

  /** Whether access token and refresh token of the session are good; they never part. */
  async function isAlive({ session }: SignedIn): Promise<boolean> {
    const { people } = identity();
    const [verified, refreshed] = await Promise.allSettled([
      people.verify(session.access_token),
      people.refresh(session.refresh_token),
    ]);
    assert.equal(verified.status, refreshed.status);
    if (verified.status === 'rejected') assert.ok(refusal('invalid_token')(verified.reason));
    if (refreshed.status === 'rejected') assert.ok(refusal('refresh_token_not_found')(refreshed.reason));
    return verified.status === 'fulfilled';
  }

  async function threeDevices(): Promise<[SignedIn, SignedIn, SignedIn]> {
    const first = await newPerson(identity());
    return [first, await signInAs(identity(), first), await signInAs(identity(), first)];
  }

  describe('sign-out', () => {
    const cases = [
      { scope: 'local', alive: [true, false, true] },
      { scope: 'others', alive: [false, true, false] },
      { scope: 'global', alive: [false, false, false] },
    ] as const;
    for (const { scope, alive } of cases) {
      it(`${scope}: those sessions end at once, and nobody else's`, async () => {
        const { provider } = identity();
        const devices = await threeDevices();
        const stranger = await newPerson(identity());
        const ended = await provider.signOut(devices[1].bearer, scope);
        const wanted = devices.filter((_, index) => !alive[index]).map(idOf);
        // Where nobody can list them, only the one that asks is known.
        if (listsSessions === true) assert.deepEqual(ended.toSorted(), wanted.toSorted());
        assert.deepEqual(await Promise.all(devices.map(isAlive)), alive);
        assert.equal(await isAlive(stranger), true);
      });
    }
  });

  describe('the list of devices', () => {
    itWhere([movesTime, listsSessions], 'tells each of them, newest first, and which one asks', async () => {
      const { people, pass } = identity();
      const old = await newPerson(identity());
      await pass(60);
      const device = { ip: '2001:db8::7', userAgent: 'a telephone' };
      const recent = await signInAs(identity(), old, device);
      await newPerson(identity());
      const list = await people.sessions(recent.bearer);
      assert.deepEqual(
        list.map(({ id, ip, userAgent, aal, current }) => ({ id, ip, userAgent, aal, current })),
        [
          { id: idOf(recent), ...device, aal: 'aal1', current: true },
          { id: idOf(old), ip: '203.0.113.7', userAgent: 'a browser', aal: 'aal1', current: false },
        ].map((told) => (seesUserAgent === true ? told : { ...told, userAgent: 'node' })),
      );
      const [newer, older] = list;
      assert.equal(minutesBetween(older?.createdAt, newer?.createdAt), 1);
      assert.equal(minutesBetween(older?.createdAt, older?.lastSeenAt), 0);
      await pass(60);
      await people.refresh(old.session.refresh_token);
      const refreshed = (await people.sessions(recent.bearer)).find(({ id }) => id === idOf(old));
      assert.equal(minutesBetween(older?.createdAt, refreshed?.lastSeenAt), 2);
      assert.deepEqual(refreshed?.createdAt, older?.createdAt);
    });

    itWhere([listsSessions], 'ends one of them, once', async () => {
      const { people } = identity();
      const [first, second, third] = await threeDevices();
      await people.endSession(first.bearer, idOf(second));
      assert.deepEqual(await Promise.all([first, second, third].map(isAlive)), [true, false, true]);
      await assert.rejects(people.endSession(first.bearer, idOf(second)), refusal('not_found'));
      await people.endSession(first.bearer, idOf(first));
      assert.equal(await isAlive(first), false);
    });

    itWhere([listsSessions], "ends no stranger's session, and none that is not there", async () => {
      const { people } = identity();
      const [person, stranger] = [await newPerson(identity()), await newPerson(identity())];
      for (const id of [idOf(stranger), crypto.randomUUID(), 'no-id', '']) {
        await assert.rejects(people.endSession(person.bearer, id), refusal('not_found'));
      }
      assert.equal(await isAlive(stranger), true);
      await bearerOf(identity(), person.session);
    });
  });
}

/** Whole ones: a server may have a clock that does not stand still. */
function minutesBetween(one: Date | undefined, other: Date | undefined): number {
  return Math.round(((other?.getTime() ?? Number.NaN) - (one?.getTime() ?? Number.NaN)) / 60_000);
}
