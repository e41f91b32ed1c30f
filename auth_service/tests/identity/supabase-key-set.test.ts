import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, beforeEach, describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { until } from '../support/until.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { newPerson, refusal, type SignedIn, signInAs } from './conformance/under-test.ts';
import { startInBetween } from './gotrue-in-between.ts';

const FLOOR_SECONDS = 5;
const FRESH_SECONDS = 600;
const JWKS = /jwks/;

describeOn('postgres', 'the public keys of GoTrue', (open) => {
  describe('on a GoTrue', () => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;
    let person: SignedIn;
    const opened: AsyncDisposable[] = [];

    beforeEach(async () => {
      database = await open();
      identity = await buildSupabaseIdentity(database);
      opened.push(identity);
      person = await newPerson(identity);
    });
    after(async () => {
      for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
    });

    const like = (claims: object, kid?: string) => {
      const [, payload = ''] = person.session.access_token.split('.');
      const own = JSON.parse(Buffer.from(payload, 'base64url').toString());
      return identity.gotrue.sign({ ...own, ...claims }, kid === undefined ? {} : { kid });
    };
    const verify = (token = person.session.access_token) => identity.people.verify(token);

    it('are fetched once per floor, whatever kids strangers name, and good tokens go on', async () => {
      await identity.pass(FLOOR_SECONDS);
      const before = identity.gotrue.jwksFetches();
      const strange = () => assert.rejects(verify(like({}, crypto.randomUUID())), refusal('invalid_token'));
      identity.gotrue.fail({ delayMs: 300 }, { path: JWKS });
      const storm = Array.from({ length: 500 }, strange);
      let isOver = false;
      const over = Promise.all(storm).then(() => {
        isOver = true;
      });
      await verify();
      assert.equal(isOver, false, 'a good token waits for nobody');
      await over;
      for (let n = 0; n < 50; n += 1) await strange();
      assert.equal(identity.gotrue.jwksFetches() - before, 1);
      await identity.pass(FLOOR_SECONDS);
      await Promise.all(Array.from({ length: 50 }, strange));
      assert.equal(identity.gotrue.jwksFetches() - before, 2);
    });

    it('are fetched once per floor while they cannot be had', async () => {
      await identity.pass(FLOOR_SECONDS);
      identity.gotrue.fail({ status: 500 }, { path: JWKS });
      const before = identity.gotrue.requests.filter(({ path }) => JWKS.test(path)).length;
      for (let n = 0; n < 50; n += 1) {
        await assert.rejects(verify(like({}, crypto.randomUUID())), refusal('invalid_token'));
        await verify();
      }
      assert.equal(identity.gotrue.requests.filter(({ path }) => JWKS.test(path)).length - before, 1);
    });

    it('change, and the tokens of a new one are taken after one fetch', async () => {
      await identity.pass(FLOOR_SECONDS);
      const before = identity.gotrue.jwksFetches();
      identity.gotrue.rotateKey();
      const { session } = await signInAs(identity, person);
      await Promise.all([verify(session.access_token), verify()]);
      assert.equal(identity.gotrue.jwksFetches() - before, 1);
    });

    it('that are taken back are good for nothing after ten minutes', async () => {
      const old = identity.gotrue.kid();
      const token = like({ exp: Math.floor(identity.now().getTime() / 1000) + 3 * FRESH_SECONDS });
      await verify(token);
      identity.gotrue.rotateKey();
      identity.gotrue.dropKey(old);
      await identity.pass(FRESH_SECONDS);
      await assert.rejects(verify(token), refusal('invalid_token'));
      await verify((await signInAs(identity, person)).session.access_token);
    });

    it('are asked for again when they could not be had at the start', async () => {
      const { gotrue } = identity;
      const late = await buildSupabaseIdentity(database, { double: gotrue });
      opened.push(late);
      gotrue.fail({ cut: 'before' }, { path: JWKS });
      const { access_token } = person.session;
      await assert.rejects(late.people.verify(access_token), refusal('identity_unavailable'));
      const before = gotrue.requests.length;
      await assert.rejects(late.people.verify(access_token), refusal('identity_unavailable'));
      assert.equal(gotrue.requests.filter(({ path }, n) => n >= before && JWKS.test(path)).length, 0);
      gotrue.fail(null);
      await late.pass(FLOOR_SECONDS);
      await until(async () => {
        await late.pass(FLOOR_SECONDS);
        return await late.people.verify(access_token).then(
          () => true,
          (error) => !isServiceError(error, 'identity_unavailable'),
        );
      });
      assert.equal((await late.people.verify(access_token)).userId, person.userId);
    });

    it('are known for an hour while GoTrue is away, and no longer', async () => {
      const token = like({ exp: Math.floor(identity.now().getTime() / 1000) + 50_000 });
      await identity.gotrue.stop();
      await identity.pass(3_000);
      await verify(token);
      await identity.pass(700);
      await assert.rejects(verify(token), refusal('identity_unavailable'));
      await identity.gotrue.restart();
    });

    it('are no keys when they are anything else', async () => {
      await using between = await startInBetween(() => identity.gotrue);
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const kid = identity.gotrue.kid();
      const secret = Buffer.from('a secret that the whole world knows').toString('base64url');
      const shapes: Record<string, unknown> = {
        nothing: null,
        'a list': [],
        'no keys': {},
        'keys in words': { keys: 'none' },
        'an empty set': { keys: [] },
        garbage: {
          keys: [null, 1, 'key', [], {}, { kid }, { kid, kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }],
        },
        'private keys': { keys: [{ ...privateKey.export({ format: 'jwk' }), kid }] },
        'shared secrets': { keys: [{ kty: 'oct', k: secret, kid, alg: 'HS256' }] },
        'keys for encryption': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'enc' }] },
        'very many': { keys: Array.from({ length: 5_000 }, (_, n) => ({ kid: `${n}`, kty: 'EC' })) },
      };
      const answers = Object.entries(shapes).map(([what, body]) => [what, JSON.stringify(body), {}] as const);
      const html = { 'content-type': 'text/html' };
      const all = [
        ...answers,
        ['a page', '<html></html>', html] as const,
        ['5 MB', 'x'.repeat(5e6), {}] as const,
      ];
      for (const [what, text, headers] of all) {
        const fresh = await buildSupabaseIdentity(database, {
          double: { ...identity.gotrue, url: between.url },
        });
        opened.push(fresh);
        between.answer(JWKS, { status: 200, text, headers });
        const tokens = [
          person.session.access_token,
          identity.gotrue.sign({}, { alg: 'HS256', secret: 'a secret that the whole world knows', kid }),
        ];
        for (const token of tokens) {
          await assert.rejects(
            fresh.people.verify(token),
            (error) =>
              isServiceError(error, 'invalid_token') || isServiceError(error, 'identity_unavailable'),
            what,
          );
        }
        between.stopAnswering();
        await fresh.pass(FLOOR_SECONDS);
        await until(async () => {
          const isWell = await fresh.people.verify(person.session.access_token).then(
            () => true,
            () => false,
          );
          if (!isWell) await fresh.pass(FLOOR_SECONDS);
          return isWell;
        });
      }
    });
  });
});
