import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isServiceError, type ServiceError } from '#errors';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import type { FailureMode } from '../support/gotrue/options.ts';
import { until } from '../support/until.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { type InBetween, type ScriptedAnswer, startInBetween } from './gotrue-in-between.ts';
import { type Prepared, prepareVerbs } from './supabase-verbs.ts';

/** Who waits this long waits for ever; the product says three. */
const PATIENCE_MS = 10_000;

const FAULTS: Readonly<Record<string, FailureMode>> = {
  'says nothing': { hang: true },
  'is cut off before it answers': { cut: 'before' },
  'is cut off in its headers': { cut: 'headers' },
  'is cut off in the middle': { cut: 'middle' },
  'is a page with 200': { html: 200 },
  'is a page with 404': { html: 404 },
  'is a page with 502': { html: 502 },
  'says 429': { status: 429 },
  'says 500': { status: 500 },
  'says 503': { status: 503 },
  'says five megabytes': { huge: 5_000_000 },
  'sends elsewhere': { redirect: 'http://127.0.0.1:9/auth/v1/token' },
};
const SHAPES: Readonly<Record<string, string>> = {
  null: 'null',
  'a list': '[]',
  'a word': '"authenticated"',
  'a number': '7',
  'an empty object': '{}',
  'an empty body': '',
  'a session without a user':
    '{"access_token":"a","refresh_token":"b","expires_in":3600,"token_type":"bearer"}',
  'a session of words': '{"access_token":7,"refresh_token":{},"expires_in":"soon","user":"ada"}',
  'users that are none': '{"users":[null,7,"ada"],"user":null,"id":null,"email":7}',
};
const OF_PEOPLE = /^(?!.*(health|jwks))/;
/** Where it cannot be asked, this shows what stands here. */
const LOOK = 'look at a user';
/** Of a good answer nothing is read. */
const MAY_GO = /deletion|logout/;
const EXPECTED = ['identity_unavailable', 'identity_misconfigured', 'identity_refused', 'rate_limited'];

const isWell = ({ provider }: SupabaseIdentity) =>
  provider.check().then(
    () => true,
    () => false,
  );

describeOn('postgres', 'a GoTrue that', (open) => {
  describe('on a proxy', () => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;
    let between: InBetween;
    const opened: AsyncDisposable[] = [];

    beforeEach(async () => {
      database = await open();
      identity = await buildSupabaseIdentity(database);
      opened.push(identity);
      const { gotrue } = identity;
      between = await startInBetween(() => gotrue);
      opened.push(between);
    });
    after(async () => {
      for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
    });

    /** The same database and the same double, asked for the first time and through the proxy. */
    async function throughProxy(): Promise<SupabaseIdentity> {
      const fresh = await buildSupabaseIdentity(database, {
        double: { ...identity.gotrue, url: between.url },
      });
      opened.push(fresh);
      return fresh;
    }

    async function failureOf(what: string, work: () => Promise<unknown>): Promise<ServiceError | null> {
      const limit = sleep(PATIENCE_MS, 'late', { ref: false });
      const outcome = await Promise.race([
        work().then(
          () => null,
          (error: unknown) => error,
        ),
        limit,
      ]);
      assert.notEqual(outcome, 'late', `${what}: no answer`);
      assert.ok(outcome === null || isServiceError(outcome), `${what}: ${(outcome as Error)?.stack}`);
      return outcome as ServiceError | null;
    }

    /** Nobody has a profile without an account, nothing is recorded that did not happen. */
    async function requireWhole(what: string, { people }: Prepared): Promise<void> {
      const { gotrue, storage } = identity;
      for (const { user_id } of await database.query('select user_id from auth_service_data.profiles')) {
        assert.ok(gotrue.users.has(String(user_id)), `${what}: a profile without an account`);
      }
      for (const { userId } of [people.leaving, people.deleted]) {
        assert.equal((await storage.profiles.find(userId)) !== null, gotrue.users.has(userId), what);
      }
    }

    for (const [fault, mode] of Object.entries(FAULTS)) {
      it(`${fault}: each verb says so, and nothing is half done`, async () => {
        const fresh = await throughProxy();
        const prepared = await prepareVerbs(fresh);
        const verbs = Object.entries(prepared.verbs);
        // Who waits for nothing does so beside the others.
        for (const together of 'hang' in mode ? [verbs] : verbs.map((one) => [one])) {
          identity.gotrue.fail(mode, { path: OF_PEOPLE });
          const failing = together.map(async ([name, verb]) => {
            const what = `${name}, GoTrue ${fault}`;
            const error = await failureOf(what, verb);
            // What is cut off behind the work may be tried again, and go through.
            const mayGo = name === LOOK || ('cut' in mode && mode.cut !== 'before');
            if (error === null) assert.ok(mayGo, `${what}: it went through`);
            else assert.ok(EXPECTED.includes(error.code), `${what}: ${error.code}`);
          });
          await Promise.all(failing);
          identity.gotrue.fail(null);
          await until(() => isWell(fresh));
          await requireWhole(`GoTrue ${fault}`, prepared);
        }
      });
    }

    for (const [shape, text] of Object.entries(SHAPES)) {
      it(`says ${shape}: each verb says so, and nothing is half done`, async () => {
        const fresh = await throughProxy();
        for (const status of [200, 400, 500]) {
          const prepared = await prepareVerbs(fresh);
          for (const [name, verb] of Object.entries(prepared.verbs)) {
            const what = `${name}, GoTrue says ${status} ${shape}`;
            between.answer(OF_PEOPLE, { status, text } satisfies ScriptedAnswer);
            const error = await failureOf(what, verb);
            between.stopAnswering();
            const mayGo = name === LOOK || (MAY_GO.test(name) && status === 200);
            // Without a code it may be the answer of an older GoTrue.
            const isGone = name === 'refresh' && status === 400 && error?.code === 'refresh_token_not_found';
            if (error === null) assert.ok(mayGo, `${what}: it went through`);
            else assert.ok(isGone || EXPECTED.includes(error.code), `${what}: ${error.code}`);
            await until(() => isWell(fresh));
          }
        }
      });
    }
  });
});
