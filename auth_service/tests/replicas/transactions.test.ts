import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { type Administrator, type Answer, ask, logInAdministrator, requireUnavailable } from './caller.ts';
import { describeReplicas } from './harness.ts';

/** More than any of these changes has statements, those that find out who asks included. */
const STATEMENTS_AT_MOST = 14;
const REFUSED_WITHIN_MS = 8_000;

describeReplicas('a change whose connection is cut', () => {
  let stage: Replicas;
  let administrator: Administrator;

  before(async () => {
    stage = await startReplicas({ count: 1 });
    administrator = await logInAdministrator(stage.urls[0] ?? '');
  });
  after(() => stage?.[Symbol.asyncDispose]());

  const count = async (sql: string, ...values: string[]) => {
    const [row] = await stage.query(`select count(*)::int as count from auth_service_data.${sql}`, values);
    return Number(row?.count);
  };

  /** Cut after every number of answers, so also in the middle of what the commit answers. */
  async function cutEverywhere(
    change: (n: number) => Promise<Answer>,
    isDone: (n: number) => Promise<boolean>,
  ): Promise<{ readonly cut: number; readonly done: number }> {
    const [replica] = stage.replicas;
    assert.ok(replica !== undefined);
    let [cut, done] = [0, 0];
    for (let n = 0; n < STATEMENTS_AT_MOST; n += 1) {
      replica.databaseProxy.cutInTheMiddle(n);
      const answer = await change(n);
      if (answer.status >= 300) requireUnavailable(answer, REFUSED_WITHIN_MS);
      if (answer.status < 300) assert.equal(await isDone(n), true, 'what is acknowledged is there');
      cut += answer.status === 503 ? 1 : 0;
      done += (await isDone(n)) ? 1 : 0;
      replica.databaseProxy.cut();
    }
    assert.ok(cut >= 3 && done >= 1, `${cut} were cut, ${done} were done`);
    return { cut, done };
  }

  async function requireAllAgain(change: (n: number) => Promise<Answer>, expected: readonly number[]) {
    for (let n = 0; n < STATEMENTS_AT_MOST; n += 1) {
      await until(async () => {
        const { status, body } = await change(n);
        if (status !== 503) assert.ok(expected.includes(status), `${status} ${JSON.stringify(body)}`);
        return status !== 503;
      });
    }
  }

  it('is done with its audit event or not at all, is answered with 503, and can be tried again', async () => {
    const [url = ''] = stage.urls;
    const { token } = administrator;
    const create = (n: number) => ask(url, 'POST /admin/roles', { token, body: { name: `cut-${n}` } });
    const isDone = async (n: number) => {
      const roles = await count('roles where name = $1', `cut-${n}`);
      const of = `action = 'role.created' and subject_id in (select id::text from auth_service_data.roles where name = $1)`;
      assert.equal(await count(`audit_events where ${of}`, `cut-${n}`), roles);
      return roles === 1;
    };
    const { done } = await cutEverywhere(create, isDone);
    assert.equal(
      await count(`audit_events where action = 'role.created' and actor_type = 'user'`),
      done,
      'none without its role',
    );
    await requireAllAgain(create, [201, 409]);
    for (let n = 0; n < STATEMENTS_AT_MOST; n += 1) assert.equal(await isDone(n), true);
  });

  it('revokes tokens with what it changes or not at all', async () => {
    const [url = ''] = stage.urls;
    const { token } = administrator;
    const ids: string[] = [];
    for (let n = 0; n < STATEMENTS_AT_MOST; n += 1) ids.push((await administrator.makeClient()).id);
    const deactivate = (n: number) =>
      ask(url, `PATCH /admin/clients/${ids[n]}`, { token, body: { is_active: false } });
    const isDone = async (n: number) => {
      const id = ids[n] ?? '';
      const inactive = await count('app_clients where id = $1 and not is_active', id);
      assert.equal(await count(`revocations where kind = 'client' and subject = $1`, id), inactive);
      const events = `audit_events where action = 'client.updated' and subject_id = $1`;
      assert.equal(await count(events, id), inactive);
      return inactive === 1;
    };
    await cutEverywhere(deactivate, isDone);
    await requireAllAgain(deactivate, [200]);
  });
});
