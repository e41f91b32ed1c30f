import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { anEvent, minutesAfter } from './builders.ts';

const PARTITIONS = `
  select child.relname as name, child.relrowsecurity as hidden
  from pg_inherits join pg_class child on child.oid = inhrelid
  where inhparent = 'auth_service_data.audit_events'::regclass order by 1`;

describeOnEachDatabase('audit event store', (open) => {
  it('events come back as they went in, newest first, from one statement', async () => {
    const { storage, statements } = await open();
    const full = anEvent({
      outcome: 'failure',
      actorType: 'client',
      actorId: 'an-actor',
      subjectType: 'role',
      subjectId: 'a-subject',
      requestId: 'a-request',
      clientIp: '2001:db8::1',
      detail: { nested: { list: [1, 'two', null, true] }, 'quote"\\': "it's" },
    });
    const later = anEvent({ occurredAt: new Date(TEST_EPOCH.getTime() + 1) });
    await storage.auditEvents.insertMany([full, later]);
    assert.equal(statements.length, 1);
    assert.deepEqual(await storage.auditEvents.list({ limit: 10 }), [later, full]);
    statements.length = 0;
    await storage.auditEvents.insertMany([]);
    assert.deepEqual(statements, []);
  });

  it('a batch that is sent again changes nothing and adds what was missing', async () => {
    const { storage } = await open();
    const [first, second] = [anEvent(), anEvent({ occurredAt: minutesAfter(TEST_EPOCH, 1) })];
    await storage.auditEvents.insertMany([first]);
    await storage.auditEvents.insertMany([{ ...first, action: 'changed' }, second, second]);
    assert.deepEqual(await storage.auditEvents.list({ limit: 10 }), [second, first]);
  });

  it('takes more events at once than a statement has room for parameters', async () => {
    const { storage } = await open();
    const events = Array.from({ length: 7_000 }, (_, millisecond) =>
      anEvent({ occurredAt: new Date(TEST_EPOCH.getTime() + millisecond) }),
    );
    await storage.auditEvents.insertMany(events);
    assert.equal((await storage.auditEvents.list({ limit: 10_000 })).length, 7_000);
  });

  it('an event with characters that cannot be stored is written with U+FFFD in their place', async () => {
    const { storage } = await open();
    await storage.auditEvents.insertMany([
      anEvent({ actorId: 'a\0b', detail: { 'k\0': 'v\0', half: 'x\ud800', list: ['\0'] } }),
      anEvent({ occurredAt: minutesAfter(TEST_EPOCH, -1) }),
    ]);
    const [event] = await storage.auditEvents.list({ limit: 1 });
    assert.equal(event?.actorId, 'a\ufffdb');
    assert.deepEqual(event?.detail, { 'k\ufffd': 'v\ufffd', half: 'x\ufffd', list: ['\ufffd'] });
  });

  it('are filtered by action, actor, subject and time', async () => {
    const { storage } = await open();
    const at = (minute: number) => minutesAfter(TEST_EPOCH, minute);
    const events = [
      anEvent({ occurredAt: at(0), action: 'role.created', actorId: 'x', subjectId: 's' }),
      anEvent({ occurredAt: at(1), action: 'role.deleted', actorId: 'x', subjectId: 't' }),
      anEvent({ occurredAt: at(2), action: 'role.created', actorId: 'y', subjectId: 's' }),
    ];
    await storage.auditEvents.insertMany(events);
    const found = async (query: object) =>
      (await storage.auditEvents.list({ limit: 10, ...query })).map(({ id }) =>
        events.findIndex((e) => e.id === id),
      );
    assert.deepEqual(await found({ action: 'role.created' }), [2, 0]);
    assert.deepEqual(await found({ actorId: 'x' }), [1, 0]);
    assert.deepEqual(await found({ subjectId: 's', actorId: 'y' }), [2]);
    assert.deepEqual(await found({ from: at(1) }), [2, 1], 'from is inclusive');
    assert.deepEqual(await found({ to: at(1) }), [0], 'to is exclusive');
    assert.deepEqual(await found({ limit: 2 }), [2, 1]);
  });

  const partitionNames = async ({ query }: TestDatabase) => (await query(PARTITIONS)).map(({ name }) => name);

  it('this month and the next two have their partitions after a migration, hidden as the parent is', async () => {
    const { query } = await open({ fresh: true });
    assert.deepEqual(await query(PARTITIONS), [
      { name: 'audit_events_2030_01', hidden: true },
      { name: 'audit_events_2030_02', hidden: true },
      { name: 'audit_events_2030_03', hidden: true },
      { name: 'audit_events_default', hidden: true },
    ]);
  });

  it('partitions are made once, over the turn of a year, with one question when none is missing', async () => {
    const database = await open({ fresh: true });
    const { storage, statements } = database;
    const december = new Date('2030-12-31T23:59:59.999Z');
    await Promise.all([1, 2, 3].map(() => storage.auditEvents.ensurePartitions(december)));
    assert.deepEqual((await partitionNames(database)).slice(3), [
      'audit_events_2030_12',
      'audit_events_2031_01',
      'audit_events_2031_02',
      'audit_events_default',
    ]);
    statements.length = 0;
    await storage.auditEvents.ensurePartitions(december);
    assert.equal(statements.length, 1);
  });

  it('events of a month without a partition are caught, and move over when it is made', async () => {
    const database = await open({ fresh: true });
    const { storage, query } = database;
    const may = anEvent({ occurredAt: new Date('2030-05-01T00:00:00.000Z') });
    const july = anEvent({ occurredAt: new Date('2030-07-31T23:59:59.999Z') });
    const november = anEvent({ occurredAt: new Date('2030-11-01T00:00:00.000Z') });
    await storage.auditEvents.insertMany([may, july, november]);
    const inDefault = async () => {
      const rows = await query('select id from auth_service_data.audit_events_default order by occurred_at');
      return rows.map(({ id }) => id);
    };
    assert.deepEqual(await inDefault(), [may.id, july.id, november.id]);
    await storage.auditEvents.ensurePartitions(may.occurredAt);
    assert.deepEqual(await inDefault(), [november.id]);
    await storage.auditEvents.insertMany([may, july, november]);
    assert.deepEqual(await storage.auditEvents.list({ limit: 10 }), [november, july, may]);
  });
});
