import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { archiveName, listArchives, removeOldArchives, writeWhole } from '#backup';
import { temporaryDirectory } from '../support/run-directory.ts';

const DAY = 86_400_000;

function folderWith(names: readonly string[]): string {
  const folder = temporaryDirectory('backups');
  for (const name of names) writeFileSync(join(folder, name), name);
  return folder;
}

describe('a folder of archives', () => {
  it('is read by names, the newest first', async () => {
    const at = new Date('2030-03-31T09:30:00Z');
    assert.equal(archiveName(at, false), 'auth-service-20300331T093000Z.tar.gz');
    assert.equal(archiveName(at, true), 'auth-service-20300331T093000Z.tar.gz.age');
    const old = archiveName(new Date(at.getTime() - DAY), false);
    const folder = folderWith([
      old,
      archiveName(at, true),
      'auth-service-20309931T093000Z.tar.gz',
      'notes.txt',
    ]);
    assert.deepEqual(await listArchives(folder), [
      { name: archiveName(at, true), createdAt: at },
      { name: old, createdAt: new Date(at.getTime() - DAY) },
    ]);
    assert.deepEqual(await listArchives(join(folder, 'none')), []);
  });

  it('keeps the newest ones, and everything that is no archive', async () => {
    const now = new Date('2030-03-31T09:30:00Z');
    const names = [0, 1, 2, 3].map((days) =>
      archiveName(new Date(now.getTime() - days * DAY), days % 2 === 1),
    );
    const [abandoned, atWork] = ['20300101T000000Z', '20300331T093000Z'].map(
      (time) => `auth-service-${time}.tar.gz.0123456789abcdef.unfinished`,
    );
    const others = [
      'auth-service.tar.gz',
      'my-auth-service-20200101T000000Z.tar.gz',
      `${abandoned}`,
      `${atWork}`,
    ];
    const folder = folderWith([...names, ...others]);
    const longAgo = new Date(now.getTime() - 2 * DAY);
    utimesSync(join(folder, `${abandoned}`), longAgo, longAgo);
    utimesSync(join(folder, `${atWork}`), now, now);
    assert.deepEqual(await removeOldArchives(folder, 2, now), names.slice(2));
    assert.deepEqual(
      readdirSync(folder).sort(),
      [...names.slice(0, 2), ...others.filter((name) => name !== abandoned)].sort(),
    );
  });

  it('a file stands under its name once it is whole, and for its owner alone', async () => {
    const file = join(temporaryDirectory('one'), 'new', 'archive');
    const { bytes } = await writeWhole(file, async (sink) => {
      const writer = sink.getWriter();
      await writer.write(Buffer.from('one '));
      assert.equal(existsSync(file), false);
      await writer.write(Buffer.from('two'));
      await writer.close();
    });
    assert.deepEqual([bytes, readFileSync(file, 'utf8'), statSync(file).mode & 0o777], [7, 'one two', 0o600]);
    await Promise.all(
      ['three', 'four'].map((text) => writeWhole(file, (sink) => sink.getWriter().write(Buffer.from(text)))),
    );
    assert.match(readFileSync(file, 'utf8'), /^(three|four)$/);
    await writeWhole(file, (sink) => sink.getWriter().write(Buffer.from('one two')));
    const cut = writeWhole(file, async (sink) => {
      await sink.getWriter().write(Buffer.from('half'));
      throw new Error('cut off');
    });
    await assert.rejects(cut, /cut off/);
    assert.equal(readFileSync(file, 'utf8'), 'one two');
    assert.deepEqual(readdirSync(join(file, '..')), ['archive']);
    chmodSync(file, 0o400);
  });
});
