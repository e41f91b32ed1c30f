import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import type { AuditEvent, Storage } from '#storage';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { explain, type PlanReport, type Statement } from './plans.ts';
import { fill, KNOWN } from './very-many-rows.ts';

const PAGE = { limit: 50, offset: 0 };
const EVENTS = { limit: 51 };
/** Rows that a page may look at in vain: of a million, next to none. */
const IN_VAIN_AT_MOST = 20_000;

describeOn('postgres', 'among a million people', (open) => {
  let database: TestDatabase;
  let storage: Storage;
  let sent: Statement[] = [];

  before(async () => {
    database = await open({ fresh: true });
    await fill(database.storage, database.query, database.clock.now());
    storage = await database.openAnother({
      onStatement: (sql, parameters) => sent.push({ sql, parameters }),
    });
  });

  /** Asks, then tells how each of the statements that were sent is done. Times are told, never judged. */
  async function look(what: string, ask: () => Promise<unknown>, atMost = 2): Promise<PlanReport[]> {
    sent = [];
    const startedAt = performance.now();
    await ask();
    const took = performance.now() - startedAt;
    const statements = sent;
    assert.ok(statements.length >= 1 && statements.length <= atMost, `${statements.length} statements`);
    const plans: PlanReport[] = [];
    for (const statement of statements) plans.push(await explain(database.query, statement));
    const lines = plans.map(
      ({ ms, inVain, scans }) => `  ${ms.toFixed(1)} ms, ${inVain} rows in vain: ${scans.join(', ')}`,
    );
    process.stdout.write(`${what}: ${took.toFixed(0)} ms\n${lines.join('\n')}\n`);
    return plans;
  }

  async function requireIndexes(...asked: Parameters<typeof look>): Promise<void> {
    for (const plan of await look(...asked)) {
      assert.deepEqual(plan.seqScans, []);
      assert.ok(plan.inVain <= IN_VAIN_AT_MOST, `${plan.inVain} rows in vain`);
    }
  }

  const users = (what: string, page: object) =>
    it(`users ${what}`, () =>
      requireIndexes(`users ${what}`, () => storage.directory.list({ ...PAGE, ...page })));
  users('newest first', {});
  users('oldest first', { sort: { column: 'created_at', isDescending: false } });
  users('by e-mail', { sort: { column: 'email', isDescending: false } });
  users('by e-mail, backwards', { sort: { column: 'email', isDescending: true } });
  users('200 at a time', { limit: 200 });
  users('from the 900 000th on', { offset: 900_000 });
  users('by e-mail, from the 900 000th on', {
    offset: 900_000,
    sort: { column: 'email', isDescending: false },
  });
  users('past the end', { offset: 2_000_000 });
  for (const q of [
    'a',
    'ab',
    'abc',
    'abcd',
    'abcdefgh',
    'nobody-is-called-so',
    '花子',
    'a.b',
    '%%%',
    'abc@',
  ]) {
    users(`with ${q}`, { q });
    users(`with ${q}, by e-mail`, { q, sort: { column: 'email', isDescending: false } });
  }

  // Who asks for what all have gets a page at once; to count them, all must be looked at.
  it('users with what everybody has', async () => {
    const [page, count] = await look('users with what everybody has', () =>
      storage.directory.list({ ...PAGE, q: '.example' }),
    );
    assert.deepEqual([page?.seqScans, page?.inVain, count?.inVain], [[], 0, 0]);
  });

  const one = (what: string, ask: () => Promise<unknown>) => it(what, () => requireIndexes(what, ask, 1));
  one('a user', () => storage.directory.find(KNOWN.person));
  one('what a user may do', () => storage.directory.effectivePermissions(KNOWN.person));
  one('what a user carries', () => storage.userRoles.carried(KNOWN.person));
  one('whether there is an administrator', () => storage.userRoles.isHeld('admin', new Date()));
  one('whether somebody holds a role that few hold', () => storage.userRoles.isHeld('role-7', new Date()));
  one('whether somebody holds a role that nobody holds', () =>
    storage.userRoles.isHeld('role-200', new Date()),
  );
  one('whether a username is taken', () => storage.profiles.isUsernameTaken('nobody'));

  for (const q of [undefined, 'ro', 'role-1', 'thing-400:r']) {
    const page = { ...PAGE, ...(q === undefined ? {} : { q }) };
    it(`roles with ${q}`, () => requireIndexes(`roles with ${q}`, () => storage.roles.list(page)));
    it(`permissions with ${q}`, () =>
      requireIndexes(`permissions with ${q}`, () => storage.permissions.list(page)));
  }
  for (const page of [{}, { offset: 90_000 }, { q: 'abcd' }, { q: 'abcdefgh' }]) {
    const what = `clients ${JSON.stringify(page)}`;
    it(what, () => requireIndexes(what, () => storage.clients.list({ ...PAGE, ...page })));
  }

  for (const [what, filter] of Object.entries({
    'of all': {},
    'of a busy actor': { actorId: KNOWN.busyActor },
    'of an idle actor': { actorId: KNOWN.idleActor },
    'about a subject': { subjectId: KNOWN.subject },
    'of a common action': { action: 'token.issued' },
    'of a rare action': { action: 'user.banned' },
    'of an action that never was': { action: 'key.created' },
    'of a busy actor about a subject': { actorId: KNOWN.busyActor, subjectId: KNOWN.subject },
    'of a rare action of a busy actor': { action: 'user.banned', actorId: KNOWN.busyActor },
    'of one day': { from: new Date('2029-08-01T00:00:00Z'), to: new Date('2029-08-02T00:00:00Z') },
  })) {
    it(`events ${what}, first page and the next one`, async () => {
      let found: AuditEvent[] = [];
      await requireIndexes(`events ${what}`, async () => {
        found = await storage.auditEvents.list({ ...EVENTS, ...filter });
      });
      const after = found.at(-1) ?? { occurredAt: database.clock.now(), id: KNOWN.person };
      await requireIndexes(`events ${what}, next page`, () =>
        storage.auditEvents.list({ ...EVENTS, ...filter, after }),
      );
    });
  }
});
