import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aClient, anEvent, aSecret, roleNamed } from './builders.ts';

describeOnEachDatabase('stores: atomicity', (open) => {
  it('a transaction gives back what its work gives, and its writes are there for all', async () => {
    const { storage, openAnother } = await open();
    const role = roleNamed('reader');
    assert.deepEqual(await storage.transaction(({ roles }) => roles.insert(role)), role);
    const other = await openAnother();
    assert.deepEqual(await other.roles.find(role.id), role);
    await other.close();
  });

  it('a throw takes back every write, and comes out unchanged', async () => {
    const { storage, statements } = await open();
    const boom = new Error('boom');
    const client = aClient();
    const work = storage.transaction(async (stores) => {
      await stores.clients.insert(client);
      await stores.clientSecrets.insert(aSecret(client.id));
      await stores.auditEvents.insertMany([anEvent()]);
      throw boom;
    });
    await assert.rejects(work, (error) => error === boom);
    assert.equal(statements.at(-1), 'rollback');
    assert.equal(await storage.clients.find(client.id), null);
    assert.deepEqual(await storage.auditEvents.list({ limit: 10 }), []);
  });

  it('a statement that fails takes the whole transaction with it', async () => {
    const { storage } = await open();
    const work = storage.transaction(async ({ roles }) => {
      await roles.insert(roleNamed('reader'));
      await roles.insert(roleNamed('reader'));
    });
    await assert.rejects(work, (error) => isServiceError(error, 'already_exists'));
    assert.equal(await storage.roles.findByName('reader'), null);
  });

  it('a failure that the work swallows is not taken for success', async () => {
    const { storage } = await open();
    await storage.roles.insert(roleNamed('reader'));
    const work = storage.transaction(async ({ roles }) => {
      await roles.insert(roleNamed('writer'));
      await roles.insert(roleNamed('reader')).catch(() => {});
    });
    await assert.rejects(work, /swallowed/);
    assert.equal(await storage.roles.findByName('writer'), null);
    await storage.roles.insert(roleNamed('after'));
  });

  it('statements outside a running transaction are no part of it', async () => {
    const { storage } = await open();
    const outside: Promise<unknown>[] = [];
    await assert.rejects(
      storage.transaction(async ({ roles }) => {
        await roles.insert(roleNamed('inside'));
        outside.push(storage.roles.insert(roleNamed('outside')));
        outside.push(storage.transaction((stores) => stores.roles.insert(roleNamed('another'))));
        await roles.findByName('inside');
        throw new Error('boom');
      }),
      /boom/,
    );
    await Promise.all(outside);
    const { items } = await storage.roles.list({ limit: 10, offset: 0 });
    assert.deepEqual(
      items.map(({ name }) => name),
      ['another', 'outside'],
    );
  });

  it('a batch of events is written as a whole or not at all', async () => {
    const { storage } = await open();
    const bad = anEvent({ outcome: 'unheard-of' as 'success' });
    await assert.rejects(storage.auditEvents.insertMany([anEvent(), bad]), (error) =>
      isServiceError(error, 'validation_failed'),
    );
    assert.deepEqual(await storage.auditEvents.list({ limit: 10 }), []);
  });

  it('a transaction is begin, its statements, and commit', async () => {
    const { storage, statements } = await open();
    await storage.transaction(async ({ bootstrapMarks, lock }) => {
      await lock('bootstrap');
      await bootstrapMarks.set('built-ins', TEST_EPOCH);
    });
    assert.equal(statements.length, 4);
    assert.deepEqual([statements[0], statements[3]], ['begin', 'commit']);
  });
});
