import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeOn } from '../support/databases.ts';
import { until } from '../support/until.ts';
import { inSeconds, openReplicas } from './replicas.ts';

describeOn('postgres', 'revocations in the order of commits', (open) => {
  it('one that was written first and committed last is not passed over', async (t) => {
    const room = await openReplicas(open);
    const [writer, reader] = [room.replica(), room.replica({ pollIntervalMs: 20 })];
    t.after(() => reader.stop());
    await reader.start();
    room.messages.cut();
    const expiresAt = inSeconds(room.clock.now(), 900);
    const slow = Promise.withResolvers<void>();
    const isWritten = Promise.withResolvers<void>();
    const first = room.storage.transaction(async (stores) => {
      await writer.revoke(stores, { kind: 'token', id: 'first', expiresAt });
      isWritten.resolve();
      await slow.promise;
    });
    await isWritten.promise;
    await room.revoke(writer, { kind: 'token', id: 'second', expiresAt });
    await until(() => reader.isRevoked({ tokenId: 'second', issuedAt: 1 }));
    // Some polls pass while the first is still open.
    await sleep(100);
    assert.equal(reader.isRevoked({ tokenId: 'first', issuedAt: 1 }), false);
    slow.resolve();
    await first;
    await until(() => reader.isRevoked({ tokenId: 'first', issuedAt: 1 }));
  });

  it('each poll reads what is new, and not all there is', async (t) => {
    const room = await openReplicas(open, true);
    const replica = room.replica();
    t.after(() => replica.stop());
    const expiresAt = inSeconds(room.clock.now(), 900);
    const many = Array.from(
      { length: 50 },
      (_, index) => ({ kind: 'token', id: `t${index}`, expiresAt }) as const,
    );
    await room.revoke(replica, ...many);
    const first = await room.storage.revocations.listSince(null, room.clock.now());
    assert.equal(first.revocations.length, 50);
    // Transactions of other databases of the server hold the horizon back while they are open.
    let second = first;
    await until(async () => {
      second = await room.storage.revocations.listSince(second.horizon, room.clock.now());
      return second.revocations.length === 0;
    });
    await room.revoke(replica, { kind: 'token', id: 'new', expiresAt });
    const third = await room.storage.revocations.listSince(second.horizon, room.clock.now());
    assert.deepEqual(
      third.revocations.map(({ subject }) => subject),
      ['new'],
    );
  });
});
