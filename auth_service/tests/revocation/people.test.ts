import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { inSeconds, openReplicas } from './replicas.ts';

describeOnEachDatabase('the end of all log-ins of a person', (open) => {
  it('is of those that had begun, but for the one that is spared, and of nobody else', async (t) => {
    const room = await openReplicas(open);
    const replica = room.replica();
    t.after(() => replica.stop());
    await replica.start();
    const endedAt = Math.floor(room.clock.now().getTime() / 1000);
    const expiresAt = inSeconds(room.clock.now(), 900);
    await room.revoke(replica, { kind: 'user', id: 'ada', spared: 'this one', expiresAt });
    const revoked = (userId: string, startedAt: number | undefined, sessionId = 's') =>
      replica.isRevoked({ userId, startedAt, sessionId, issuedAt: endedAt + 10 });
    // Whole seconds: one that began in the same second counts as begun before, and one without a beginning as well.
    assert.deepEqual(
      [endedAt - 60, endedAt, endedAt + 1, undefined].map((startedAt) => revoked('ada', startedAt)),
      [true, true, false, true],
    );
    assert.equal(revoked('ada', endedAt, 'this one'), false);
    assert.equal(revoked('bob', endedAt), false);
    assert.equal(replica.isRevoked({ clientId: 'ada', issuedAt: endedAt }), false);
  });

  it('spares nobody any more once a later one does not', async (t) => {
    const room = await openReplicas(open);
    const replica = room.replica();
    t.after(() => replica.stop());
    await replica.start();
    const startedAt = Math.floor(room.clock.now().getTime() / 1000);
    const isRevoked = (sessionId: string) => replica.isRevoked({ userId: 'ada', startedAt, sessionId });
    const expiresAt = inSeconds(room.clock.now(), 900);
    await room.revoke(replica, { kind: 'user', id: 'ada', spared: 'one', expiresAt });
    await room.revoke(replica, { kind: 'user', id: 'ada', spared: 'two', expiresAt });
    assert.deepEqual([isRevoked('one'), isRevoked('two')], [true, true]);
    await room.revoke(replica, { kind: 'user', id: 'ada', expiresAt: null });
    assert.equal(isRevoked('three'), true);
    room.clock.advance(1000);
    assert.equal(replica.isKnownRevoked({ userId: 'ada', startedAt, sessionId: 'one' }), true);
  });

  it('is told to the others, and read by who comes later', async (t) => {
    const room = await openReplicas(open);
    const [one, other] = [room.replica(), room.replica()];
    t.after(() => [one, other].forEach((replica) => void replica.stop()));
    await Promise.all([one.start(), other.start()]);
    const startedAt = Math.floor(room.clock.now().getTime() / 1000);
    const expiresAt = inSeconds(room.clock.now(), 7 * 86_400);
    await room.revoke(one, { kind: 'user', id: 'ada', spared: 's', expiresAt });
    const late = room.replica();
    t.after(() => late.stop());
    await late.start();
    for (const replica of [other, late]) {
      assert.equal(replica.isRevoked({ userId: 'ada', startedAt, sessionId: 'r' }), true);
      assert.equal(replica.isRevoked({ userId: 'ada', startedAt, sessionId: 's' }), false);
    }
  });

  it('is known within a transaction by what stands in the database', async () => {
    const room = await openReplicas(open);
    // Neither has started, so neither knows anything by itself.
    const [one, other] = [room.replica(), room.replica()];
    const startedAt = Math.floor(room.clock.now().getTime() / 1000);
    await room.revoke(one, { kind: 'user', id: 'ada', spared: 's', expiresAt: null });
    const ended = (token: { userId: string; startedAt?: number; sessionId?: string }) =>
      room.storage.transaction((stores) => other.hasEnded(stores, token));
    assert.equal(await ended({ userId: 'ada', startedAt, sessionId: 'r' }), true);
    assert.equal(await ended({ userId: 'ada', startedAt: startedAt + 1, sessionId: 'r' }), false);
    assert.equal(await ended({ userId: 'ada', startedAt, sessionId: 's' }), false);
    assert.equal(await ended({ userId: 'bob', startedAt, sessionId: 'r' }), false);
  });
});
