import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemRandom } from '#crypto';
import { ServiceError } from '#errors';
import { runWithRequest } from '#observability';
import { describeOnEachDatabase } from '../support/databases.ts';
import { until } from '../support/until.ts';
import { issued, loggedTokenIds, numbered, openAudit, tokenIds } from './open-audit.ts';

const away = async () => {
  throw new ServiceError('database_unavailable');
};

describeOnEachDatabase('enqueued events', (open) => {
  it('are stored by themselves, each with the time and request it was enqueued in', async () => {
    const { audit, clock, stored } = await openAudit(open, { flushIntervalMs: 10 });
    const at = clock.now();
    runWithRequest({ requestId: 'r-1' }, () => audit.enqueue(issued('t-1')));
    clock.advance(60);
    await until(async () => (await stored()).length === 1);
    const [event] = await stored();
    assert.deepEqual([event?.occurredAt, event?.requestId, event?.subjectId], [at, 'r-1', 't-1']);
    await audit.close();
  });

  it('are sent at once when there are 500, with one statement a batch', async () => {
    const { audit, batches, statements, stored } = await openAudit(open);
    for (const id of numbered(500)) audit.enqueue(issued(id));
    await until(async () => (await stored()).length === 500);
    assert.deepEqual(batches, [500]);
    assert.equal(statements.filter((sql) => /insert into/i.test(sql)).length, 1);
  });

  it('are all stored when a flush is over, also those enqueued while it ran', async () => {
    const { audit, batches, stored } = await openAudit(open);
    const ids = numbered(1300);
    for (const id of ids.slice(0, 1200)) audit.enqueue(issued(id));
    const first = audit.flush();
    for (const id of ids.slice(1200)) audit.enqueue(issued(id));
    await Promise.all([first, audit.flush()]);
    assert.deepEqual(tokenIds(await stored()), ids);
    assert.ok(batches.every((size) => size <= 500));
    audit.enqueue(issued('t-last'));
    await audit.flush();
    assert.equal((await stored()).length, 1301);
  });

  it('wait while the database is away and are stored once when it is back', async () => {
    const opened = await openAudit(open, { flushIntervalMs: 10 });
    const { audit, logger, batches, stored } = opened;
    opened.fault = away;
    const ids = numbered(700);
    for (const id of ids) audit.enqueue(issued(id));
    await assert.rejects(audit.flush(), { code: 'database_unavailable' });
    await until(() => batches.length >= 4);
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['WARNING'],
      'an outage is told once',
    );
    opened.fault = (send) => send();
    await until(async () => (await stored()).length === 700);
    assert.deepEqual(tokenIds(await stored()), ids);
    assert.deepEqual(logger.lines.at(-1)?.level, 'INFO');
    await audit.close();
  });

  it('are stored once though the answer to the first try was lost', async () => {
    const opened = await openAudit(open);
    const { audit, stored } = opened;
    opened.fault = async (send) => {
      await send();
      await away();
    };
    for (const id of numbered(3)) audit.enqueue(issued(id));
    await assert.rejects(audit.flush());
    opened.fault = (send) => send();
    await audit.flush();
    assert.deepEqual(tokenIds(await stored()), numbered(3));
  });

  it('beyond the capacity go to the log, oldest first, and none is lost between', async () => {
    const opened = await openAudit(open, { capacity: 100 });
    const { audit, logger, stored } = opened;
    opened.fault = away;
    for (const id of numbered(30)) audit.enqueue(issued(id));
    await assert.rejects(audit.flush());
    for (const id of numbered(150).slice(30)) audit.enqueue(issued(id));
    opened.fault = (send) => send();
    await audit.flush();
    const criticals = logger.lines.filter(({ level }) => level === 'CRITICAL');
    const told = criticals.reduce((sum, { context }) => sum + Number(context?.count ?? 0), 0);
    assert.equal(told, 50);
    assert.deepEqual(loggedTokenIds(logger), numbered(50));
    assert.deepEqual(tokenIds(await stored()), numbered(150).slice(50));
  });

  it('are stored after a flush that found none', async () => {
    const { audit, stored } = await openAudit(open);
    await audit.flush();
    audit.enqueue(issued('t-1'));
    await audit.flush();
    assert.deepEqual(tokenIds(await stored()), ['t-1']);
  });

  for (const [fault, id, tries] of [
    ['for what they hold', 'not a uuid', 1],
    ['for an unknown reason, after three tries,', null as unknown as string, 3],
  ] as const) {
    it(`that the database refuses ${fault} go to the log and do not hold up the others`, async () => {
      let made = 0;
      const uuid = () => (++made === 2 ? id : systemRandom.uuid());
      const { audit, logger, stored } = await openAudit(open, { random: { uuid } });
      for (const tokenId of numbered(4)) audit.enqueue(issued(tokenId));
      for (let failed = 1; failed < tries; failed++) await assert.rejects(audit.flush());
      await audit.flush();
      assert.deepEqual(tokenIds(await stored()), ['t000000', 't000002', 't000003']);
      assert.deepEqual(loggedTokenIds(logger), ['t000001']);
      const levels = new Set(logger.lines.map(({ level }) => level));
      assert.ok(levels.has('CRITICAL'));
    });
  }
});

describeOnEachDatabase('closing audit', (open) => {
  it('stores what is left, and what comes later goes to the log', async () => {
    const { audit, logger, stored } = await openAudit(open);
    for (const id of numbered(600)) audit.enqueue(issued(id));
    await Promise.all([audit.close(), audit.close()]);
    assert.equal((await stored()).length, 600);
    audit.enqueue(issued('late'));
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['CRITICAL', 'CRITICAL'],
    );
    assert.match(JSON.stringify(logger.lines), /"subject_id":"late"/);
  });

  it('waits for a database that comes back in time', async () => {
    const opened = await openAudit(open, { closeTimeoutMs: 60_000 });
    let tries = 0;
    opened.fault = (send) => (++tries === 1 ? away() : send());
    opened.audit.enqueue(issued('t-1'));
    await opened.audit.close();
    assert.deepEqual(tokenIds(await opened.stored()), ['t-1']);
  });

  for (const [name, fault] of [
    ['is away', away],
    ['does not answer', () => new Promise<never>(() => {})],
  ] as const) {
    it(`ends in time though the database ${name}, with the events in the log`, async () => {
      const opened = await openAudit(open, { closeTimeoutMs: 50 });
      opened.fault = fault;
      for (const id of numbered(3)) opened.audit.enqueue(issued(id));
      await opened.audit.close();
      assert.deepEqual(loggedTokenIds(opened.logger), numbered(3));
    });
  }
});
