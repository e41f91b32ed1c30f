import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';

/**
 * The floor plan. Imports go down only, through doors only; rooms on one floor are blind to each other.
 * Rooms that have no folder yet stand here so that they find their floor when they come.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['config', 'errors', 'crypto'],
  ['observability'],
  ['storage', 'kv', 'mail'],
  ['audit', 'keys'],
  ['rbac', 'revocation'],
  ['oauth', 'identity'],
  ['http', 'declaration', 'backup'],
  ['compose'],
  ['cli'],
  ['main'],
];

/** Packages that one room alone may import. */
const OWNED_PACKAGES: Readonly<Record<string, string>> = {
  kysely: 'storage',
  pg: 'storage',
  '@electric-sql/pglite': 'storage',
  'rate-limiter-flexible': 'kv',
  ioredis: 'kv',
  redis: 'kv',
  '@supabase/auth-js': 'identity',
  cockatiel: 'identity',
  fastify: 'http',
  '@fastify/cors': 'http',
  '@fastify/swagger': 'http',
  '@fastify/swagger-ui': 'http',
  pino: 'observability',
  'pino-pretty': 'observability',
  commander: 'cli',
  nodemailer: 'mail',
  yaml: 'declaration',
  'modern-tar': 'backup',
  'age-encryption': 'backup',
};

const FORBIDDEN_ROOM_NAMES = ['utils', 'util', 'helpers', 'helper', 'common', 'shared', 'lib', 'misc'];
const MAX_LINES = 300;
/** Where the version stands; the one file outside the rooms that is imported. */
const MANIFEST = '../../package.json';

const source = resolve(import.meta.dirname, '../src');
const repository = resolve(import.meta.dirname, '../..');

interface SourceFile {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function readSource(): SourceFile[] {
  return filesBelow(source).map((path) => {
    const inside = relative(source, path);
    const room = inside.includes('/') ? (inside.split('/')[0] ?? '') : basename(inside, '.ts');
    const text = readFileSync(path, 'utf8');
    return { path: inside, room, text, imports: importsOf(text) };
  });
}

function floorOf(room: string): number {
  return FLOORS.findIndex((floor) => floor.includes(room));
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
}

/** Every breach of the house rules in these files, as readable lines. */
function breaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...importBreaches(file), ...textBreaches(file)]);
}

function importBreaches(file: SourceFile): string[] {
  const found: string[] = [];
  for (const specifier of file.imports) {
    if (specifier === MANIFEST && file.room === 'config') continue;
    if (specifier.startsWith('.')) {
      const target = relative(source, resolve(source, file.path, '..', specifier));
      const targetRoom = target.includes('/') ? target.split('/')[0] : basename(target, '.ts');
      if (targetRoom !== file.room) found.push(`${file.path} reaches past a door: ${specifier}`);
    } else if (specifier.startsWith('#')) {
      const target = specifier.slice(1);
      if (floorOf(target) < 0) found.push(`${file.path} imports ${specifier}, which has no floor`);
      else if (floorOf(target) >= floorOf(file.room)) found.push(`${file.path} imports upward: ${specifier}`);
    } else {
      const owner = OWNED_PACKAGES[packageOf(specifier)];
      if (owner !== undefined && owner !== file.room) {
        found.push(`${file.path} imports ${specifier}, which belongs to ${owner}`);
      }
    }
  }
  return found;
}

function textBreaches(file: SourceFile): string[] {
  const found: string[] = [];
  const code = withoutComments(file.text);
  const lines = file.text.split('\n').length - 1;
  if (lines > MAX_LINES) found.push(`${file.path} has ${lines} lines`);
  if (/process\.env\b/.test(code) && file.room !== 'config' && file.room !== 'main') {
    found.push(`${file.path} reads the environment`);
  }
  const opens = /\b(openStorage|openKv|createKv|createApp)\(/.exec(code);
  if (opens !== null && file.room !== 'compose' && !new RegExp(`function ${opens[1]}\\b`).test(code)) {
    found.push(`${file.path} opens things: ${opens[1]}`);
  }
  if (floorOf(file.room) < 0) found.push(`${file.path} stands in a room without a floor`);
  return found;
}

describe('architecture', () => {
  const files = readSource();

  it('holds: floors, doors, owned packages, environment reader, openers, file length', () => {
    assert.deepEqual(breaches(files), []);
  });

  it('names no room after nothing', () => {
    const rooms = new Set(files.map((file) => file.room));
    assert.deepEqual(
      [...rooms].filter((room) => FORBIDDEN_ROOM_NAMES.includes(room)),
      [],
    );
    const named = filesBelow(source).map((path) => basename(path, '.ts'));
    assert.deepEqual(
      named.filter((name) => FORBIDDEN_ROOM_NAMES.includes(name)),
      [],
    );
  });

  it('gives every room a door whose first comment says what it owns, and lists the door by name', () => {
    const manifest = JSON.parse(readFileSync(join(repository, 'auth_service/package.json'), 'utf8'));
    const rooms = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of rooms) {
      const door = readFileSync(join(source, name, 'index.ts'), 'utf8');
      assert.match(door, /^\/\*\*[\s\S]{80,}?\*\//, `${name}/index.ts must open with a comment`);
      assert.equal(manifest.imports[`#${name}`], `./src/${name}/index.ts`);
    }
    const doors = Object.keys(manifest.imports);
    assert.deepEqual(doors.map((door) => door.slice(1)).sort(), rooms.map(({ name }) => name).sort());
  });

  it('keeps tests below the same length and free of focus and skips without a reason', () => {
    for (const path of filesBelow(resolve(import.meta.dirname))) {
      const text = readFileSync(path, 'utf8');
      const name = relative(repository, path);
      assert.ok(text.split('\n').length - 1 <= MAX_LINES, `${name} is longer than ${MAX_LINES} lines`);
      assert.doesNotMatch(text, /\b(it|test|describe)\.(only|todo)\(/, name);
    }
  });

  it('finds each kind of breach', () => {
    const bad = (path: string, text: string): SourceFile => ({
      path,
      room: path.split('/')[0] ?? '',
      text,
      imports: importsOf(text),
    });
    const cases: [SourceFile, RegExp][] = [
      [bad('storage/a.ts', "import type { App } from '#http';"), /imports upward: #http/],
      [bad('config/a.ts', "import { ServiceError } from '#errors';"), /imports upward/],
      [bad('oauth/a.ts', "import { x } from '../keys/ring.ts';"), /reaches past a door/],
      [bad('oauth/a.ts', "const x = await import('../keys/ring.ts');"), /reaches past a door/],
      [bad('oauth/a.ts', "import { sql } from 'kysely';"), /belongs to storage/],
      [bad('rbac/a.ts', 'const x = process.env.HOME;'), /reads the environment/],
      [bad('http/a.ts', 'const db = await openStorage({});'), /opens things/],
      [bad('attic/a.ts', 'export {};'), /without a floor/],
      [bad('http/a.ts', '\n'.repeat(MAX_LINES + 1)), /has 301 lines/],
    ];
    for (const [file, expected] of cases) assert.match(breaches([file]).join('\n'), expected);
  });
});
