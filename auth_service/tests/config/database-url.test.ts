import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf } from './loading.ts';

function read(url: string): string {
  const { database } = loadConfig({ AUTH_SERVICE_DATABASE_URL: url });
  assert.ok(database.kind === 'postgres');
  return database.url;
}

function refuse(url: string, problem: RegExp): void {
  const faults = faultsOf({ AUTH_SERVICE_DATABASE_URL: url });
  assertOneFault(faults, 'AUTH_SERVICE_DATABASE_URL', problem);
}

describe('the database URL', () => {
  test("SQLAlchemy's schemes become plain postgresql://", () => {
    const schemes = [
      'postgresql+asyncpg',
      'postgresql+psycopg',
      'postgresql+psycopg2',
      'postgres',
      'POSTGRESQL',
    ];
    for (const scheme of schemes)
      assert.equal(read(`${scheme}://u:p@db:5432/x`), 'postgresql://u:p@db:5432/x');
  });

  test('ssl= means sslmode=', () => {
    assert.equal(read('postgresql+asyncpg://u:p@db/x?ssl=require'), 'postgresql://u:p@db/x?sslmode=require');
    assert.equal(read('postgresql://u:p@db/x?ssl=true'), 'postgresql://u:p@db/x?sslmode=require');
    assert.equal(read('postgresql://u:p@db/x?ssl=false&a=b'), 'postgresql://u:p@db/x?a=b&sslmode=disable');
    assert.equal(
      read('postgresql://u:p@db/x?sslmode=verify-full'),
      'postgresql://u:p@db/x?sslmode=verify-full',
    );
    assert.equal(
      read('postgresql://u:p@db/x?ssl=require&sslmode=require'),
      'postgresql://u:p@db/x?sslmode=require',
    );
  });

  test('an unknown or contradicting ssl mode is refused', () => {
    refuse('postgresql://u:p@db/x?sslmode=maybe', /unknown sslmode/);
    refuse('postgresql://u:p@db/x?ssl=maybe', /unknown sslmode/);
    refuse('postgresql://u:p@db/x?ssl=disable&sslmode=require', /contradict/);
  });

  test('other parameters stay as they are', () => {
    const url = 'postgresql://u:p@db/x?application_name=auth&options=-c%20search_path%3Dx';
    assert.equal(read(url), url);
  });

  test('a password with characters that belong percent-encoded is understood, as SQLAlchemy does', () => {
    const passwordOf = (url: string) => decodeURIComponent(new URL(read(url)).password);
    for (const password of [
      'a#b',
      'a/b',
      'a?b',
      '12#3',
      '12/3',
      '1?2',
      'a%b',
      'a@b',
      'a:b',
      'a b',
      '[a]',
      'ä',
    ]) {
      assert.equal(passwordOf(`postgresql+asyncpg://user:${password}@db:5432/x`), password);
    }
    assert.equal(passwordOf('postgresql://user:a%23b%2Fc@db:5432/x'), 'a#b/c');
  });

  test('a socket directory may take the place of the host', () => {
    const url = 'postgresql:///x?host=/var/run/postgresql';
    assert.equal(read(url), url);
  });

  test('what is no PostgreSQL URL is refused', () => {
    refuse('mysql://u:p@db/x', /not a PostgreSQL URL/);
    refuse('https://project.supabase.co', /not a PostgreSQL URL/);
    refuse('db:5432', /not a PostgreSQL URL/);
    refuse('postgresql://u:p@db:port/x', /can be read/);
    refuse('postgresql://', /no host/);
    refuse('postgresql:///x', /no host/);
  });

  test('the same goes for the direct URL', () => {
    const texts = { AUTH_SERVICE_DATABASE_URL: 'postgresql://u:p@pooler:6543/x' };
    const { database } = loadConfig({
      ...texts,
      DATABASE_DIRECT_URL: 'postgresql+asyncpg://u:p@db/x?ssl=require',
    });
    assert.ok(database.kind === 'postgres');
    assert.equal(database.directUrl, 'postgresql://u:p@db/x?sslmode=require');
    assertOneFault(faultsOf({ ...texts, DATABASE_DIRECT_URL: 'db' }), 'DATABASE_DIRECT_URL', /PostgreSQL/);
  });
});
