import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Revocations } from '#revocation';
import { describeOnEachDatabase } from '../support/databases.ts';
import { until } from '../support/until.ts';
import { inSeconds, openReplicas } from './replicas.ts';

const UNKNOWN = { code: 'revocations_unknown' };

describeOnEachDatabase('revocations', (open) => {
  it('of a token, a session, a client and of all are known at once where they are made', async (t) => {
    const room = await openReplicas(open);
    const replica = room.replica();
    t.after(() => replica.stop());
    await replica.start();
    const issuedAt = Math.floor(room.clock.now().getTime() / 1000);
    const expiresAt = inSeconds(room.clock.now(), 900);
    const revoked = (token: Parameters<Revocations['isRevoked']>[0]) => replica.isRevoked(token);
    for (const at of [issuedAt, undefined]) {
      assert.equal(revoked({ tokenId: 't', sessionId: 's', clientId: 'c', issuedAt: at }), false);
    }
    await room.revoke(replica, { kind: 'token', id: 't', expiresAt });
    assert.deepEqual(
      [revoked({ tokenId: 't', issuedAt }), revoked({ tokenId: 'u', issuedAt })],
      [true, false],
    );
    await room.revoke(replica, { kind: 'session', id: 's', expiresAt: null });
    assert.deepEqual(
      [revoked({ sessionId: 's', issuedAt }), revoked({ sessionId: 'r', issuedAt })],
      [true, false],
    );
    await room.revoke(replica, { kind: 'client', id: 'c', expiresAt });
    assert.deepEqual(
      [issuedAt, issuedAt + 1, undefined].map((at) => revoked({ clientId: 'c', issuedAt: at })),
      [true, false, true],
    );
    assert.equal(revoked({ clientId: 'd', issuedAt }), false);
    await room.revoke(replica, { kind: 'all', expiresAt });
    assert.deepEqual(
      [issuedAt, issuedAt + 1, undefined].map((at) => revoked({ tokenId: 'x', issuedAt: at })),
      [true, false, true],
    );
  });

  it('are told to the others, who need not ask', async (t) => {
    const room = await openReplicas(open);
    const [one, other] = [room.replica(), room.replica()];
    t.after(() => [one, other].forEach((replica) => void replica.stop()));
    await Promise.all([one.start(), other.start()]);
    room.statements.length = 0;
    const expiresAt = inSeconds(room.clock.now(), 900);
    await room.revoke(one, { kind: 'token', id: 't', expiresAt }, { kind: 'session', id: 's', expiresAt });
    assert.equal(other.isRevoked({ tokenId: 't', issuedAt: 1 }), true);
    assert.equal(other.isRevoked({ sessionId: 's', issuedAt: 1 }), true);
    assert.equal(room.statements.length, 3, 'begin, one insert, commit');
  });

  it('that are not committed are neither known nor told', async (t) => {
    const room = await openReplicas(open);
    const replica = room.replica();
    t.after(() => replica.stop());
    await replica.start();
    const expiresAt = inSeconds(room.clock.now(), 900);
    const failing = room.storage.transaction(async (stores) => {
      await replica.revoke(stores, { kind: 'token', id: 't', expiresAt });
      throw new Error('undone');
    });
    await assert.rejects(failing, /undone/);
    assert.equal(replica.isRevoked({ tokenId: 't', issuedAt: 1 }), false);
    assert.deepEqual(room.messages.published, []);
  });

  it('come by the poll where no message does', async (t) => {
    const room = await openReplicas(open);
    const [one, other] = [room.replica(), room.replica({ pollIntervalMs: 20 })];
    t.after(() => [one, other].forEach((replica) => void replica.stop()));
    await Promise.all([one.start(), other.start()]);
    room.messages.cut();
    const expiresAt = inSeconds(room.clock.now(), 900);
    await room.revoke(one, { kind: 'token', id: 't', expiresAt });
    await until(() => other.isRevoked({ tokenId: 't', issuedAt: 1 }));
  });

  it('that were missed are read as soon as messages come again', async (t) => {
    const room = await openReplicas(open);
    const [one, other] = [room.replica(), room.replica()];
    t.after(() => [one, other].forEach((replica) => void replica.stop()));
    await Promise.all([one.start(), other.start()]);
    room.messages.cut();
    await room.revoke(one, { kind: 'token', id: 't', expiresAt: inSeconds(room.clock.now(), 900) });
    assert.equal(other.isRevoked({ tokenId: 't', issuedAt: 1 }), false);
    room.messages.gap();
    await until(() => other.isRevoked({ tokenId: 't', issuedAt: 1 }));
  });

  it('are all there for a process that starts later, but for those that have expired', async (t) => {
    const room = await openReplicas(open);
    const first = room.replica();
    await first.start();
    const { clock } = room;
    await room.revoke(
      first,
      { kind: 'token', id: 'short', expiresAt: inSeconds(clock.now(), 60) },
      { kind: 'token', id: 'long', expiresAt: inSeconds(clock.now(), 900) },
      { kind: 'session', id: 'for-ever', expiresAt: null },
    );
    first.stop();
    // Verifiers forgive an expired token some seconds: it is known for a minute more.
    clock.advance(119);
    const soon = room.replica();
    t.after(() => soon.stop());
    await soon.start();
    assert.equal(soon.isRevoked({ tokenId: 'short', issuedAt: 1 }), true);
    clock.advance(1);
    const later = room.replica();
    t.after(() => later.stop());
    await later.start();
    assert.equal(later.isRevoked({ tokenId: 'long', issuedAt: 1 }), true);
    assert.equal(later.isRevoked({ sessionId: 'for-ever', issuedAt: 1 }), true);
    assert.equal(later.isRevoked({ tokenId: 'short', issuedAt: 1 }), false);
  });

  it('are not guessed at: without news for five seconds nobody says that a token is good', async (t) => {
    const room = await openReplicas(open);
    const replica = room.replica();
    t.after(() => replica.stop());
    assert.throws(() => replica.isRevoked({ tokenId: 't' }), UNKNOWN);
    await replica.start();
    room.clock.advance(5);
    assert.equal(replica.isRevoked({ tokenId: 't', issuedAt: 1 }), false);
    room.clock.advance(0.001);
    assert.throws(() => replica.isRevoked({ tokenId: 't', issuedAt: 1 }), UNKNOWN);
    room.messages.gap();
    await sleep(50);
    assert.equal(replica.isRevoked({ tokenId: 't', issuedAt: 1 }), false);
  });

  it('that have expired are deleted, in the database as in the memory', async (t) => {
    const room = await openReplicas(open);
    const replica = room.replica({ pollIntervalMs: 20 });
    t.after(() => replica.stop());
    await replica.start();
    const { clock } = room;
    await room.revoke(
      replica,
      { kind: 'token', id: 'short', expiresAt: inSeconds(clock.now(), 60) },
      { kind: 'session', id: 'for-ever', expiresAt: null },
    );
    const count = async () =>
      Number((await room.query('select count(*) as n from auth_service_data.revocations'))[0]?.n);
    assert.equal(await count(), 2);
    clock.advance(180);
    await sleep(100);
    assert.equal(await count(), 2, 'others may have a clock that is behind');
    clock.advance(3_600);
    await sleep(100);
    assert.equal(await count(), 1);
    assert.equal(replica.isRevoked({ tokenId: 'short', issuedAt: 1 }), false);
    assert.equal(replica.isRevoked({ sessionId: 'for-ever', issuedAt: 1 }), true);
  });

  it('are all read again from a database that numbers its transactions anew', async (t) => {
    const room = await openReplicas(open);
    const { storage } = room;
    let isRestored = false;
    const asked: (string | null)[] = [];
    const restored = {
      ...storage,
      revocations: {
        ...storage.revocations,
        async listSince(horizon: string | null, now: Date) {
          asked.push(horizon);
          const found = await storage.revocations.listSince(horizon, now);
          return isRestored ? { ...found, horizon: '5' } : found;
        },
      },
    };
    const replica = room.replica({ storage: restored });
    t.after(() => replica.stop());
    await replica.start();
    isRestored = true;
    room.messages.gap();
    await until(() => asked.length === 3);
    assert.deepEqual([asked[0], asked[2]], [null, null]);
    assert.notEqual(asked[1], null);
  });

  it('are not forgotten for a look at everything that hung and comes back late', async (t) => {
    const room = await openReplicas(open);
    const { storage, clock } = room;
    const late = Promise.withResolvers<void>();
    let full = 0;
    let isBack = false;
    const slow = {
      ...storage,
      revocations: {
        ...storage.revocations,
        async listSince(horizon: string | null, now: Date) {
          const found = await storage.revocations.listSince(horizon, now);
          if (horizon !== null) return found;
          full += 1;
          if (full !== 2) return found;
          await late.promise;
          setImmediate(() => {
            isBack = true;
          });
          return found;
        },
      },
    };
    const replica = room.replica({ storage: slow });
    const other = room.replica();
    t.after(() => [replica, other].forEach((one) => void one.stop()));
    await Promise.all([replica.start(), other.start()]);
    clock.advance(61);
    room.messages.gap();
    await until(() => {
      room.messages.gap();
      return full === 2;
    });
    await room.revoke(other, { kind: 'token', id: 't', expiresAt: inSeconds(clock.now(), 900) });
    clock.advance(2);
    room.messages.gap();
    await until(() => full === 3);
    await until(() => replica.isRevoked({ tokenId: 't', issuedAt: 1 }));
    late.resolve();
    await until(() => isBack);
    assert.equal(replica.isRevoked({ tokenId: 't', issuedAt: 1 }), true);
  });

  it('take no harm from messages that are none', async (t) => {
    const room = await openReplicas(open);
    const replica = room.replica();
    t.after(() => replica.stop());
    await replica.start();
    for (const message of [
      '',
      '[]',
      '["client","c",9007199254740991,9007199254740991]',
      '["all",null,8640000000000000,null]',
      '["token","t",1,8640000000000000]',
      '{}',
      'null',
      '["all"]',
      '["all","x",1,2]',
      '["token",null,1,2]',
      '["token","t","1",2]',
      '["token","t",-1,2]',
      '["eat","t",1,2]',
    ]) {
      room.messages.publish('revocations', message);
    }
    assert.equal(replica.isRevoked({ tokenId: 't', issuedAt: 1 }), false);
    const expiresAtMs = room.clock.now().getTime() + 86_400_000;
    room.messages.publish('revocations', `["token","t",1,${expiresAtMs}]`);
    assert.equal(replica.isRevoked({ tokenId: 't', issuedAt: 1 }), true);
  });
});
