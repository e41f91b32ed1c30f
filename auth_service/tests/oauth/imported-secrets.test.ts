import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import bcrypt from 'bcrypt';
import { makeClient, requestBy, type TestClient, type TestOauth } from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

const COST = 4;

describeOauth('imported secrets', (suite) => {
  let it: TestOauth;

  before(async () => {
    it = await suite.build();
  });

  async function importClient(secret: string, variant = '$2b$'): Promise<TestClient> {
    const hash = (await bcrypt.hash(secret, COST)).replace('$2b$', variant);
    const { id } = await makeClient(it, [], { importedSecretHash: hash });
    return { id, secret };
  }

  const storedSecret = async (id: string) => (await suite.storage().clientSecrets.list(id))[0];
  const upgrades = (id: string) => it.auditEvents({ action: 'client.secret_upgraded', subjectId: id });

  for (const variant of ['$2a$', '$2b$', '$2y$']) {
    test(`a ${variant} hash opens for its secret, becomes SHA-256 and goes on opening`, async () => {
      const client = await importClient('an older secret', variant);
      await it.oauth.issueToken(requestBy(client));
      const stored = await storedSecret(client.id);
      assert.equal(stored?.algorithm, 'sha256');
      assert.match(stored?.hash ?? '', /^[\w-]{43}$/);
      const [event, ...more] = await upgrades(client.id);
      assert.deepEqual(more, []);
      assert.equal(event?.actorId, client.id);
      assert.equal(event?.detail.secret_id, stored?.id);
      await it.oauth.issueToken(requestBy(client));
    });
  }

  test('a wrong secret is refused and changes nothing', async () => {
    const client = await importClient('an older secret');
    const error = await refusalOf(it.oauth, requestBy({ ...client, secret: 'another secret' }));
    assert.equal(error.code, 'invalid_client');
    assert.equal((await storedSecret(client.id))?.algorithm, 'bcrypt');
    assert.deepEqual(await upgrades(client.id), []);
  });

  test('a secret of 72 bytes opens; a longer one that begins with it does not', async () => {
    const secret = 'é'.repeat(36);
    const client = await importClient(secret);
    assert.equal(
      (await refusalOf(it.oauth, requestBy({ ...client, secret: `${secret}!` }))).code,
      'invalid_client',
    );
    await it.oauth.issueToken(requestBy(client));
  });

  test('many first requests at once all get a token, and the hash is upgraded once', async () => {
    const client = await importClient('an older secret');
    const issued = await Promise.all(
      Array.from({ length: 20 }, () => it.oauth.issueToken(requestBy(client))),
    );
    assert.equal(new Set(issued.map(({ response }) => response.access_token)).size, 20);
    assert.equal((await upgrades(client.id)).length, 1);
  });

  test('many different guesses at once are all refused, and the right secret still opens', async () => {
    const client = await importClient('an older secret');
    const codes = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const error = await refusalOf(it.oauth, requestBy({ ...client, secret: `guess ${n}` }));
        return error.code;
      }),
    );
    assert.deepEqual(new Set(codes), new Set(['invalid_client']));
    await it.oauth.issueToken(requestBy(client));
  });
});
