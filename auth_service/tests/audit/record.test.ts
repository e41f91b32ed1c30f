import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runWithRequest } from '#observability';
import { describeOnEachDatabase } from '../support/databases.ts';
import { issued, openAudit } from './open-audit.ts';

describeOnEachDatabase('an event recorded in a transaction', (open) => {
  it('says who did what to whom, when, and in which request', async () => {
    const { audit, storage, clock, stored } = await openAudit(open);
    await runWithRequest({ requestId: 'r-1', clientIp: '203.0.113.7' }, () =>
      storage.transaction((stores) =>
        audit.record(stores, {
          action: 'role.granted',
          actor: { type: 'user', id: 'u-1' },
          subject: { type: 'client', id: 'c-1' },
          detail: { role: 'reader' },
        }),
      ),
    );
    const [event, ...others] = await stored();
    assert.deepEqual(others, []);
    assert.match(event?.id ?? '', /^[\da-f]{8}-[\da-f]{4}-7/);
    assert.deepEqual(event, {
      id: event?.id,
      occurredAt: clock.now(),
      action: 'role.granted',
      outcome: 'success',
      actorType: 'user',
      actorId: 'u-1',
      subjectType: 'client',
      subjectId: 'c-1',
      requestId: 'r-1',
      clientIp: '203.0.113.7',
      detail: { role: 'reader' },
    });
  });

  it('is gone when the transaction fails', async () => {
    const { audit, storage, stored } = await openAudit(open);
    const failing = storage.transaction(async (stores) => {
      await audit.record(stores, issued('t-1'));
      throw new Error('changed my mind');
    });
    await assert.rejects(failing, /changed my mind/);
    assert.deepEqual(await stored(), []);
  });

  it('needs neither a request nor details, and prefers what it is told', async () => {
    const { audit, storage, stored } = await openAudit(open);
    await audit.record(storage, { action: 'key.created', actor: { type: 'system', id: null } });
    await runWithRequest({ requestId: 'r-1', clientIp: '203.0.113.7' }, () =>
      audit.record(storage, { ...issued('t-1'), outcome: 'failure', requestId: null, clientIp: '::1' }),
    );
    const events = await stored();
    const found = events.map(({ action, outcome, requestId, clientIp }) => ({
      action,
      outcome,
      requestId,
      clientIp,
    }));
    assert.deepEqual(
      found.sort((a, b) => a.action.localeCompare(b.action)),
      [
        { action: 'key.created', outcome: 'success', requestId: null, clientIp: null },
        { action: 'token.issued', outcome: 'failure', requestId: null, clientIp: '::1' },
      ],
    );
  });

  it('is stored whatever strangers put into it', async () => {
    const { audit, storage, stored } = await openAudit(open);
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const hostile = { type: 'client', id: `\0\ud800${'x'.repeat(100_000)}` } as const;
    for (const detail of [{ note: '\0\ud800' }, circular, { huge: 'x'.repeat(1_000_000) }, { big: 1n }]) {
      await audit.record(storage, { action: 'token.issued', actor: hostile, subject: hostile, detail });
    }
    const events = await stored();
    assert.equal(events.length, 4);
    for (const event of events) assert.ok(JSON.stringify(event).length < 20_000);
  });
});
