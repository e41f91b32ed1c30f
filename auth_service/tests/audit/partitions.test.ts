import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { createAudit } from '#audit';
import { systemRandom } from '#crypto';
import { ServiceError } from '#errors';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { until } from '../support/until.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

async function partitions({ query }: TestDatabase): Promise<string> {
  const rows = await query(`
    select relname from pg_class join pg_namespace n on n.oid = relnamespace
    where nspname = 'auth_service_data' and relkind = 'r' and relname like 'audit_events_2%'`);
  return JSON.stringify(rows);
}

describeOnEachDatabase('audit partitions', (open) => {
  it('are made ahead at the start and once a day, also after a day on which it failed', async () => {
    const database = await open({ fresh: true });
    const { storage, clock, logger } = database;
    let isAway = false;
    let runs = 0;
    const faulty = {
      auditEvents: {
        ...storage.auditEvents,
        async ensurePartitions(now: Date) {
          if (isAway) throw new ServiceError('database_unavailable');
          await storage.auditEvents.ensurePartitions(now);
          runs += 1;
        },
      },
    };
    const audit = createAudit({ storage: faulty, logger, now: clock.now, random: systemRandom });
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      clock.set(new Date('2031-03-31T23:00:00Z'));
      await audit.start();
      await audit.start();
      assert.match(await partitions(database), /2031_03.*2031_04.*2031_05/s);
      assert.doesNotMatch(await partitions(database), /2031_06/);
      isAway = true;
      mock.timers.tick(DAY_MS);
      isAway = false;
      await until(() => logger.lines.some(({ level }) => level === 'ERROR'));
      clock.advance(3600);
      mock.timers.tick(DAY_MS);
      await until(() => runs === 3);
      assert.match(await partitions(database), /2031_06/);
      await audit.close();
      mock.timers.tick(DAY_MS);
      assert.equal(runs, 3);
    } finally {
      mock.timers.reset();
    }
  });

  it('that cannot be made at the start are told to the caller', async () => {
    const { storage, clock, logger } = await open();
    const ensurePartitions = async () => {
      throw new ServiceError('database_unavailable');
    };
    const faulty = { auditEvents: { ...storage.auditEvents, ensurePartitions } };
    const audit = createAudit({ storage: faulty, logger, now: clock.now, random: systemRandom });
    await assert.rejects(audit.start(), { code: 'database_unavailable' });
  });
});
