import assert from 'node:assert/strict';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isServiceError } from '#errors';
import { openPostgres } from '../../src/storage/engine/postgres.ts';
import { MIGRATIONS_DIRECTORY, readMigrations } from '../../src/storage/migrations/files.ts';
import { createMigrations } from '../../src/storage/migrations/runner.ts';
import { createTestClock } from '../support/clock.ts';
import { describeOn } from '../support/databases.ts';
import { openRawConnection } from '../support/raw-connection.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { until } from '../support/until.ts';

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
      return createMigrations({ engine, logger, now, withEach: nothing, afterUp: nothing, directory });
    };
    return { older: of(folderWith({})), newer: of(folderWith(more)), query, engine, config, logger };
  }

  it('a migration that fails is named, says why, leaves nothing of itself, and what came before stays', async () => {
    const causes: Readonly<Record<string, RegExp>> = {
      'select 1 / 0;': /^division by zero$/,
      // The service's words for these are about requests.
      'alter table auth_service_data.nothing add column a int;':
        /"auth_service_data.nothing" does not exist$/,
      'insert into auth_service_data.half values (1), (1);': /^duplicate key value/,
    };
    for (const [sql, cause] of Object.entries(causes)) {
      const { newer, query, engine } = await migrationsOf({
        '0002_broken.sql': `-- compatible_from: 0001\ncreate table auth_service_data.half (id int unique);\n${sql}`,
      });
      await assert.rejects(newer.up(), (error) => {
        assert.ok(isServiceError(error, 'migration_failed'));
        assert.equal(error.message, 'Migration 0002_broken failed; nothing of it was applied.');
        assert.ok(error.cause instanceof Error);
        assert.match(error.cause.message, cause);
        return true;
      });
      const { state, database } = await newer.status();
      assert.deepEqual([state, database], ['behind', 1]);
      const half = await query("select to_regclass('auth_service_data.half') is null as gone");
      assert.deepEqual(half, [{ gone: true }]);
      await engine.close();
    }
  });

  it('a migration that a reader keeps waiting lets everybody else pass', async () => {
    const { older, newer, query, engine, config, logger } = await migrationsOf({
      '0002_more.sql': '-- compatible_from: 0001\nalter table auth_service_data.roles add column more int;',
    });
    await older.up();
    const reader = openRawConnection(config);
    await reader.query('begin; select from auth_service_data.roles');
    const up = newer.up();
    await until(() => logger.lines.length > 0);
    // The runner's limit would end it: without the migration's patience these wait for the reader.
    for (let n = 0; n < 20; n += 1) {
      await query('select from auth_service_data.roles');
      await sleep(100);
    }
    assert.equal((await newer.status()).state, 'behind');
    await reader.query('commit');
    assert.deepEqual((await up).applied, [2]);
    assert.deepEqual(
      logger.lines.map(({ level, message }) => [level, message]),
      [['WARNING', 'Migration 0002_more waits for a lock that somebody else holds']],
    );
    await reader.close();
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
