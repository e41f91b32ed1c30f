import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { listenForStop } from '../../src/cli/stop-signal.ts';

function listen(deadlineMs = 60_000) {
  const source = new EventEmitter();
  const clock = { ms: 0 };
  const stop = listenForStop(source, { now: () => clock.ms, deadlineMs });
  return { source, clock, stop };
}

const never = new Promise<void>(() => {});

describe('the signal to stop', () => {
  it('is told by name, once', async () => {
    const { source, stop } = listen();
    assert.equal(stop.isRequested(), false);
    source.emit('SIGTERM', 'SIGTERM');
    source.emit('SIGINT', 'SIGINT');
    assert.equal(stop.isRequested(), true);
    assert.equal(await stop.requested, 'SIGTERM');
    assert.equal(await stop.wait(Promise.resolve()), 'done');
  });

  it('sent twice by one key press does not force the end', async () => {
    const { source, clock, stop } = listen();
    source.emit('SIGINT', 'SIGINT');
    clock.ms = 999;
    source.emit('SIGINT', 'SIGINT');
    const work = Promise.withResolvers<void>();
    const end = stop.wait(work.promise);
    work.resolve();
    assert.equal(await end, 'done');
  });

  it('sent again later forces the end', async () => {
    const { source, clock, stop } = listen();
    source.emit('SIGINT', 'SIGINT');
    const end = stop.wait(never);
    clock.ms = 1000;
    source.emit('SIGINT', 'SIGINT');
    assert.equal(await end, 'forced');
  });

  it('leaves the work a deadline', async () => {
    const { source, stop } = listen(1);
    source.emit('SIGTERM', 'SIGTERM');
    assert.equal(await stop.wait(never), 'deadline');
  });

  it('hands on what the work throws', async () => {
    const { stop } = listen();
    await assert.rejects(stop.wait(Promise.reject(new Error('no'))), /no/);
  });

  it('is still caught while the process ends: uncaught, it would change the exit code', () => {
    const { source, stop } = listen();
    stop.dispose();
    assert.deepEqual([source.listenerCount('SIGINT'), source.listenerCount('SIGTERM')], [1, 1]);
  });
});
