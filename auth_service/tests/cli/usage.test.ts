import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from './command-line.ts';

describe('wrong usage', () => {
  const cases: readonly (readonly [name: string, argv: readonly string[], said: RegExp])[] = [
    ['an unknown command', ['rolse'], /unknown command 'rolse'\n\(Did you mean roles\?\)/],
    ['an unknown verb', ['roles', 'lst'], /unknown command 'lst'\n\(Did you mean list\?\)/],
    ['an unknown option', ['roles', 'list', '--nonsense'], /unknown option '--nonsense'/],
    ['a missing argument', ['roles', 'create'], /missing required argument 'name'/],
    ['a missing option', ['clients', 'create'], /required option '--name <name>' not specified/],
    ['one argument too many', ['roles', 'create', 'a', 'b'], /too many arguments/],
    ['an id that is no UUID', ['clients', 'show', 'nobody'], /It must be a UUID/],
    ['a limit that is too high', ['clients', 'list', '--limit', '201'], /from 1 to 200/],
    [
      'a lifetime that is no number',
      ['clients', 'create', '--name', 'x', '--token-lifetime', '1h'],
      /whole number/,
    ],
    ['a verb left out', ['roles'], /Usage: auth-service roles/],
    ['everything left out', [], /Usage: auth-service /],
  ];
  for (const [name, argv, said] of cases) {
    it(`${name} ends with 2, said on stderr alone`, async () => {
      const { code, stdout, stderr } = await run(argv);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, said);
    });
  }

  it('names the help of the command that was meant', async () => {
    const { stderr } = await run(['clients', 'create', '--nonsense']);
    assert.match(stderr, /See how it is used with: auth-service clients create --help\n$/);
  });

  for (const argv of [['roles', 'list', '--nonsense'], ['rolse'], ['roles']]) {
    it(`is JSON with --json: ${argv.join(' ')}`, async () => {
      const { code, stderr } = await run(['--json', ...argv]);
      assert.equal(code, 2);
      const { code: errorCode, detail, remedy } = JSON.parse(stderr);
      assert.equal(errorCode, 'usage');
      assert.ok(detail.length > 0);
      assert.match(remedy, /--help$/);
    });
  }

  it('takes --json after the verb, and not after --', async () => {
    assert.equal(JSON.parse((await run(['clients', 'show', 'nobody', '--json'])).stderr).code, 'usage');
    assert.match((await run(['clients', 'show', 'nobody', '--', '--json'])).stderr, /^error: /);
  });
});

describe('--version', () => {
  it('prints the version alone, needing no configuration', async () => {
    const { code, stdout, stderr } = await run(['--version'], { ENVIRONMENT: 'nonsense' });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });
});
