import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { createPasswords } from '#identity';
import { createHashingQueue } from '../../src/identity/passwords/hashing-queue.ts';

/** Work that ends when it is told to. */
function controlled() {
  const started: number[] = [];
  const jobs = new Map<number, PromiseWithResolvers<number>>();
  return {
    started,
    job: (number: number) => () => {
      started.push(number);
      const job = Promise.withResolvers<number>();
      jobs.set(number, job);
      return job.promise;
    },
    resolve: (number: number) => jobs.get(number)?.resolve(number),
    async finish(number: number) {
      await settled();
      jobs.get(number)?.resolve(number);
      await settled();
    },
    async fail(number: number) {
      await settled();
      jobs.get(number)?.reject(new Error('it failed'));
      await settled();
    },
  };
}

/** Whatever can go on without an event from outside has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('hashing queue', () => {
  it('runs so many at once, the others in the order they came', async () => {
    const queue = createHashingQueue({ concurrency: 2, waiting: 10 });
    const { started, job, finish } = controlled();
    const results = [1, 2, 3, 4, 5].map((number) => queue.run(job(number)));
    await settled();
    assert.deepEqual(started, [1, 2]);
    assert.equal(queue.depth(), 5);
    await finish(2);
    assert.deepEqual(started, [1, 2, 3]);
    await finish(3);
    await finish(1);
    assert.deepEqual(started, [1, 2, 3, 4, 5]);
    await finish(5);
    await finish(4);
    assert.deepEqual(await Promise.all(results), [1, 2, 3, 4, 5]);
    assert.equal(queue.depth(), 0);
  });

  it('whoever comes just as a turn is passed on does not slip in before the one who waits', async () => {
    const queue = createHashingQueue({ concurrency: 1, waiting: 100 });
    const { started, job, finish, resolve } = controlled();
    const runs = [queue.run(job(1)), queue.run(job(2))];
    await settled();
    resolve(1);
    // One more comes in each of the moments in which the turn is passed on.
    const late = Array.from({ length: 20 }, (_, index) => index + 3);
    for (const number of late) {
      runs.push(queue.run(job(number)));
      await null;
    }
    await settled();
    assert.deepEqual(started, [1, 2]);
    for (const number of [2, ...late]) await finish(number);
    assert.deepEqual(started, [1, 2, ...late]);
    await Promise.all(runs);
  });

  it('sends away whoever would wait beyond the bound, at once and for a second', async () => {
    const queue = createHashingQueue({ concurrency: 1, waiting: 2 });
    const { started, job, finish } = controlled();
    const taken = [1, 2, 3].map((number) => queue.run(job(number)));
    await assert.rejects(
      queue.run(job(4)),
      (error) => isServiceError(error, 'overloaded') && error.retryAfterSeconds === 1,
    );
    for (const number of [1, 2, 3]) await finish(number);
    await Promise.all(taken);
    assert.deepEqual(started, [1, 2, 3]);
    const after = queue.run(job(5));
    await finish(5);
    assert.equal(await after, 5);
  });

  it('a hash that fails, at once or later, frees its turn', async () => {
    const queue = createHashingQueue({ concurrency: 1, waiting: 5 });
    const { started, job, fail, finish } = controlled();
    const failing = assert.rejects(queue.run(job(1)), /it failed/);
    const throwing = assert.rejects(
      queue.run(() => {
        throw new Error('before it began');
      }),
      /before it began/,
    );
    const good = queue.run(job(2));
    await fail(1);
    await finish(2);
    await Promise.all([failing, throwing]);
    assert.equal(await good, 2);
    assert.deepEqual(started, [1, 2]);
    assert.equal(queue.depth(), 0);
  });

  it('passwords wait in it, to be hashed and to be checked', async () => {
    const hashed: number[] = [];
    const passwords = createPasswords({ concurrency: 1, waiting: 1, onHash: () => hashed.push(1) });
    const first = passwords.hash('one');
    const second = passwords.verify('two', null);
    await assert.rejects(passwords.verify('three', null), (error) => isServiceError(error, 'overloaded'));
    await assert.rejects(passwords.hash('four'), (error) => isServiceError(error, 'overloaded'));
    assert.equal(passwords.queueDepth(), 2);
    await Promise.all([first, second]);
    assert.equal(hashed.length, 2);
    assert.equal(passwords.queueDepth(), 0);
  });
});
