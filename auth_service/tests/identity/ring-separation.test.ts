import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSealer, systemRandom } from '#crypto';
import { isServiceError } from '#errors';
import { createKeyRing, decodeToken, type KeyRing, type TokenPolicy, verifyToken } from '#keys';
import { ISSUER, MASTER } from './build-identity.ts';
import { newPerson, refusal } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

describeIdentity("people's keys and machines' keys", ({ identity, database }) => {
  function ringOf(table: 'signingKeys' | 'personKeys', purpose: string): KeyRing {
    const { storage, clock, logger } = database();
    const sealer = createSealer({ purpose, master: MASTER, random: systemRandom });
    return createKeyRing({
      storage,
      table,
      sealer,
      algorithm: 'ES256',
      tokenLifetimeSeconds: 900,
      now: clock.now,
      logger,
    });
  }

  async function machineRing(): Promise<KeyRing> {
    const ring = ringOf('signingKeys', 'signing-keys');
    await ring.load();
    return ring;
  }

  const kidsOf = async (ring: KeyRing) => (await ring.jwks()).keys.map(({ kid }) => kid);

  it('share no key', async () => {
    const machines = await kidsOf(await machineRing());
    const people = await kidsOf(identity().ring);
    assert.deepEqual([machines.length, people.length], [2, 2]);
    assert.equal(new Set([...machines, ...people]).size, 4);
    const { storage } = database();
    assert.deepEqual(
      (await storage.signingKeys.list()).map(({ kid }) => kid).toSorted(),
      machines.toSorted(),
    );
    assert.deepEqual((await storage.personKeys.list()).map(({ kid }) => kid).toSorted(), people.toSorted());
  });

  it("what the machines' ring signed is no person's token, though it claims all that one claims", async () => {
    const { people } = identity();
    const { session } = await newPerson(identity());
    const { claims = {}, header } = decodeToken(session.access_token) ?? {};
    const forged = (await machineRing()).signToken({ ...claims }, 'JWT');
    await assert.rejects(people.verify(forged), refusal('invalid_token'));
    // Not for its form: the same from the ring of people is one.
    await people.verify(identity().ring.signToken({ ...claims }, 'JWT'));
    // Nor does it help to name a key of the other ring.
    const [, payload = '', signature = ''] = forged.split('.');
    const renamed = Buffer.from(JSON.stringify(header)).toString('base64url');
    await assert.rejects(people.verify(`${renamed}.${payload}.${signature}`), refusal('invalid_token'));
  });

  it("what the ring of people signed is no machine's token, though it claims all that one claims", async () => {
    const machines = await machineRing();
    const now = database().clock.now();
    const policy: TokenPolicy = {
      issuer: 'https://auth.example.com',
      audience: 'paservices_microservices',
      typ: 'at+jwt',
      clockToleranceSeconds: 5,
      findKeys: (kid) => [machines.findKey(kid ?? '')].filter((key) => key !== null),
    };
    const exp = Math.floor(now.getTime() / 1000) + 900;
    const claims = { iss: policy.issuer, aud: policy.audience, exp, sub: 'a machine' };
    assert.equal(verifyToken(machines.signToken(claims, 'at+jwt'), policy, now).sub, 'a machine');
    const forged = identity().ring.signToken(claims, 'at+jwt');
    assert.throws(
      () => verifyToken(forged, policy, now),
      (error) => isServiceError(error, 'invalid_token'),
    );
  });

  it("a token of people's ring that is no session's is refused, whatever it lacks", async () => {
    const { people, ring } = identity();
    const { session } = await newPerson(identity());
    const stranger = await newPerson(identity());
    const { claims = {} } = decodeToken(session.access_token) ?? {};
    const sign = (changes: Record<string, unknown>, typ = 'JWT') =>
      ring.signToken({ ...claims, ...changes }, typ);
    for (const token of [
      sign({}, 'at+jwt'),
      sign({ iss: 'https://auth.example.com' }),
      sign({ iss: `${ISSUER}/` }),
      sign({ aud: 'paservices_microservices' }),
      sign({ role: 'service_role' }),
      sign({ role: 'anon' }),
      sign({ session_id: undefined }),
      sign({ session_id: crypto.randomUUID() }),
      sign({ session_id: 'no id' }),
      sign({ session_id: stranger.bearer.principal.sessionId }),
      sign({ sub: stranger.userId }),
      sign({ sub: undefined }),
      sign({ sub: 'no id' }),
      sign({ exp: undefined }),
    ]) {
      await assert.rejects(people.verify(token), refusal('invalid_token'));
    }
    await people.verify(sign({}));
  });

  it("a key carried from the machines' table into that of people does not open there", async () => {
    const { storage } = database();
    await machineRing();
    const [key] = await storage.signingKeys.list();
    assert.ok(key !== undefined);
    await storage.personKeys.insert({ ...key, state: 'retired', retiredAt: new Date(0) });
    const ring = ringOf('personKeys', 'person-keys');
    await assert.rejects(ring.load(), (error) => isServiceError(error, 'sealed_data_damaged'));
    assert.equal(ring.findKey(key.kid), null);
  });
});
