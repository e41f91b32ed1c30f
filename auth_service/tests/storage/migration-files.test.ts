import assert from 'node:assert/strict';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { openPostgres } from '../../src/storage/engine/postgres.ts';
import { MIGRATIONS_DIRECTORY, readMigrations } from '../../src/storage/migrations/files.ts';
import { createMigrations } from '../../src/storage/migrations/runner.ts';
import { createTestClock } from '../support/clock.ts';
import { describeOn } from '../support/databases.ts';
import { temporaryDirectory } from '../support/run-directory.ts';

function folderWith(files: Record<string, string>): string {
  const directory = temporaryDirectory('migrations');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

describe('migration files', () => {
  it('are read in order with the header’s compatible_from', () => {
    const directory = folderWith({
      '0002_more.sql': '-- compatible_from: 0001\nselect 2;',
      '0001_first.sql': '-- compatible_from: 0001\nselect 1;',
      'README.md': 'no migration',
    });
    const found = readMigrations(directory).map(({ version, name, compatibleFrom }) => [
      version,
      name,
      compatibleFrom,
    ]);
    assert.deepEqual(found, [
      [1, 'first', 1],
      [2, 'more', 1],
    ]);
  });

  it('have a checksum that does not depend on the line ends of a checkout', () => {
    const [unix] = readMigrations(folderWith({ '0001_a.sql': '-- compatible_from: 0001\nselect 1;\n' }));
    const [windows] = readMigrations(
      folderWith({ '0001_a.sql': '-- compatible_from: 0001\r\nselect 1;\r\n' }),
    );
    const [other] = readMigrations(folderWith({ '0001_a.sql': '-- compatible_from: 0001\nselect 2;\n' }));
    assert.equal(unix?.checksum, windows?.checksum);
    assert.notEqual(unix?.checksum, other?.checksum);
  });

  it('without a header, with a gap or a stray name are refused', () => {
    const sql = '-- compatible_from: 0001\nselect 1;';
    assert.throws(() => readMigrations(folderWith({ '0001_a.sql': 'select 1;' })), /compatible_from/);
    assert.throws(
      () => readMigrations(folderWith({ '0001_a.sql': sql, '0003_b.sql': sql })),
      /no migration 2/,
    );
    assert.throws(() => readMigrations(folderWith({ '1_a.sql': sql })), /0000_name/);
  });
});

describeOn('postgres', 'migrations that follow', (open) => {
  async function migrationsOf(more: Record<string, string>) {
    const { config, logger, query } = await open({ migrated: false });
    if (config.kind !== 'postgres') throw new Error('not PostgreSQL');
    const engine = await openPostgres(config, false, logger, undefined);
    const { now } = createTestClock();
    const nothing = async () => {};
    const of = (directory: string) => {
      // The first of the real ones, so that what follows it has a number that does not move.
      for (const file of readdirSync(MIGRATIONS_DIRECTORY).filter((name) => name.startsWith('0001_'))) {
        cpSync(join(MIGRATIONS_DIRECTORY, file), join(directory, file));
      }
      return createMigrations({ engine, now, withEach: nothing, afterUp: nothing, directory });
    };
    return { older: of(folderWith({})), newer: of(folderWith(more)), query, engine };
  }

  it('a migration that fails leaves nothing of itself, and what came before stays', async () => {
    const { newer, query, engine } = await migrationsOf({
      '0002_broken.sql':
        '-- compatible_from: 0001\ncreate table auth_service_data.half (id int);\nselect 1 / 0;',
    });
    await assert.rejects(newer.up(), /division by zero/);
    const { state, database } = await newer.status();
    assert.deepEqual([state, database], ['behind', 1]);
    const half = await query("select to_regclass('auth_service_data.half') is null as gone");
    assert.deepEqual(half, [{ gone: true }]);
    await engine.close();
  });

  it('text of any kind gets through as it stands: quotes, backslashes, dollars, functions', async () => {
    const { newer, query, engine } = await migrationsOf({
      '0002_text.sql': `-- compatible_from: 0001
create table auth_service_data.texts (text text);
insert into auth_service_data.texts values ('it''s \\ a $$ "text" $1'), (E'tab\\t');
create function auth_service_data.f() returns text language plpgsql as $body$ begin return 'a'';b'; end $body$;`,
    });
    assert.deepEqual((await newer.up()).applied, [1, 2]);
    const texts = await query(
      'select text from auth_service_data.texts union all select auth_service_data.f()',
    );
    assert.deepEqual(
      texts.map(({ text }) => text),
      ['it\'s \\ a $$ "text" $1', 'tab\t', "a';b"],
    );
    await engine.close();
  });

  it('a rollback of the program works while compatible_from allows it', async () => {
    const { older, newer, engine } = await migrationsOf({
      '0002_more.sql': '-- compatible_from: 0001\nselect 1;',
    });
    await newer.up();
    assert.equal((await older.status()).state, 'ahead');
    await engine.close();
  });

  it('a contraction shuts the older program out', async () => {
    const { older, newer, engine } = await migrationsOf({
      '0002_more.sql': '-- compatible_from: 0002\nselect 1;',
    });
    await older.up();
    await newer.up();
    assert.equal((await older.status()).state, 'incompatible');
    await assert.rejects(older.up(), (error) => isServiceError(error, 'schema_incompatible'));
    await engine.close();
  });
});
