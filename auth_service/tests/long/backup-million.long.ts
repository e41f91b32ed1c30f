import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { it } from 'node:test';
import { openRoom } from '../backup/room.ts';
import { describeOn } from '../support/databases.ts';
import { fill } from './very-many-rows.ts';

/** Beyond what the process needs for itself: archives of any size go through in portions. */
const MEMORY_AT_MOST_MB = 400;

describeOn('postgres', 'a backup of a million people', (open) => {
  it('goes out and comes in with the memory of a small one', async () => {
    const source = await openRoom(open);
    await fill(source.storage, source.query, source.clock.now());
    const memory = watchMemory();
    const file = await timed('backup', () => source.archive());
    process.stdout.write(`archive: ${(statSync(file).size / 1e6).toFixed(0)} MB\n`);
    await timed('check', () => source.backups.inspect(file));
    const target = await openRoom(open, { migrated: false });
    const { restored } = await timed('restore', () => target.backups.restore(file));
    assert.equal(restored.get('auth_service_data.profiles'), 1_000_000);
    assert.equal(restored.get('auth_service_data.audit_events'), 1_000_000);
    const grownMb = memory.stop();
    process.stdout.write(`memory: +${grownMb.toFixed(0)} MB\n`);
    assert.ok(grownMb < MEMORY_AT_MOST_MB, `${grownMb} MB`);
  });
});

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  process.stdout.write(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return result;
}

function watchMemory(): { stop(): number } {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return (most - before) / 1e6;
    },
  };
}
