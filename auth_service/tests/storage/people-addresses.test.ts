import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOn, describeOnEachDatabase } from '../support/databases.ts';
import { minutesAfter } from './builders.ts';
import { anAccount, anIdentity, aSession, storeAccount } from './people-builders.ts';

const LATER = minutesAfter(TEST_EPOCH, 5);

describeOnEachDatabase('the address of an account', (open) => {
  it('changes in the account and in its own identity, with one statement, and nowhere else', async () => {
    const { storage, statements } = await open();
    const account = anAccount({ emailProvedAt: TEST_EPOCH, userMetadata: { name: 'Ada' } });
    await storage.accounts.insert(account, anIdentity(account));
    const neighbour = await storeAccount(storage);
    const change = { email: 'ada@example.com', emailConfirmedAt: TEST_EPOCH, updatedAt: LATER };
    statements.length = 0;
    assert.equal(await storage.accounts.changeAddress(account.id, change), true);
    assert.equal(statements.length, 1);
    const person = await storage.accounts.findPersonByEmail('ada@example.com');
    assert.deepEqual(person?.account, {
      ...account,
      ...change,
      userMetadata: { name: 'Ada', email_verified: true },
    });
    const [identity] = person?.identities ?? [];
    assert.deepEqual([identity?.email, identity?.updatedAt], ['ada@example.com', LATER]);
    assert.deepEqual(identity?.identityData, {
      sub: account.id,
      email: 'ada@example.com',
      email_verified: true,
    });
    assert.deepEqual((await storage.accounts.findPerson(neighbour.id))?.account, neighbour);
    await storage.accounts.changeAddress(account.id, { ...change, emailConfirmedAt: null });
    const taken = await storage.accounts.findPerson(account.id);
    assert.equal(taken?.account.userMetadata.email_verified, false);
    assert.equal(taken?.identities[0]?.identityData.email_verified, false);
  });

  it('of another way in stays what it was', async () => {
    const { storage } = await open();
    const account = anAccount();
    const elsewhere = { provider: 'github', providerId: '7', email: 'ada@github.example' };
    await storage.accounts.insert(account, anIdentity(account, elsewhere));
    const change = { email: 'ada@example.com', emailConfirmedAt: null, updatedAt: LATER };
    assert.equal(await storage.accounts.changeAddress(account.id, change), true);
    const [identity] = (await storage.accounts.findPerson(account.id))?.identities ?? [];
    assert.deepEqual([identity?.email, identity?.updatedAt], [elsewhere.email, TEST_EPOCH]);
  });

  it('is one person’s, and nobody’s who is not there', async () => {
    const { storage } = await open();
    const [ada, grace] = [await storeAccount(storage), await storeAccount(storage)];
    const change = { email: grace.email, emailConfirmedAt: null, updatedAt: LATER };
    await assert.rejects(storage.accounts.changeAddress(ada.id, change), (error) =>
      isServiceError(error, 'already_exists'),
    );
    assert.deepEqual((await storage.accounts.findPerson(ada.id))?.account, ada);
    for (const id of [crypto.randomUUID(), 'no id']) {
      assert.equal(await storage.accounts.changeAddress(id, { ...change, email: 'x@example.com' }), false);
      assert.equal(await storage.accounts.lock(id), null);
    }
    assert.deepEqual(await storage.transaction((stores) => stores.accounts.lock(ada.id)), ada);
  });
});

describeOn('postgres', 'an account that is locked', (open) => {
  it('gets no session from a log-in beside it until it is let go', async () => {
    const { storage } = await open();
    const { id: userId } = await storeAccount(storage);
    const order: string[] = [];
    const locked = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    const holding = storage.transaction(async (stores) => {
      await stores.accounts.lock(userId);
      locked.resolve();
      await letGo.promise;
      order.push('let go');
    });
    await locked.promise;
    const logIn = storage.transaction(async (stores) => {
      await stores.accounts.update(userId, { lastSignInAt: LATER, updatedAt: LATER });
      order.push('logged in');
      await stores.sessions.insert(aSession(userId));
    });
    setTimeout(letGo.resolve, 100);
    await Promise.all([holding, logIn]);
    assert.deepEqual(order, ['let go', 'logged in']);
  });
});
