import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { makeKey } from '../keys/token-builder.ts';
import { keySetOf } from '../oauth/assertion-builder.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { type Environment, run } from './command-line.ts';
import { describeOn } from './environments.ts';

const key = await makeKey('ES256');
const KEYS = keySetOf(key);

describeOn('embedded', 'clients with keys and refresh tokens', (open) => {
  let env: Environment;
  let fileOf: (name: string, content: unknown) => string;
  const create = async (...argv: string[]) => {
    const { code, stdout, stderr } = await run(
      ['clients', 'create', '--name', 'Orders', ...argv, '--json'],
      env,
    );
    return { code, body: JSON.parse(code === 0 ? stdout : stderr) };
  };
  before(async () => {
    env = await open({ held: true });
    const folder = temporaryDirectory();
    fileOf = (name, content) => {
      const path = join(folder, name);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    };
  });

  it('are made with keys of their own, and no secret where these are the one way in', async () => {
    const jwks = fileOf('keys.json', KEYS);
    const { code, body } = await create(
      '--jwks',
      jwks,
      '--auth-method',
      'private_key_jwt',
      '--refresh-tokens',
    );
    assert.equal(code, 0);
    assert.deepEqual(body.jwks, KEYS);
    assert.deepEqual(
      [body.client_secret, body.token_endpoint_auth_method, body.refresh_tokens, body.jwks_uri],
      [null, 'private_key_jwt', true, null],
    );
    const { stdout } = await run(['clients', 'show', body.client_id], env);
    assert.match(stdout, /^auth method\tprivate_key_jwt$/m);
    assert.match(stdout, /^refresh tokens\tyes$/m);
    assert.match(stdout, new RegExp(`^jwks\\t${key.kid}$`, 'm'));
    const told = await run(
      ['clients', 'create', '--name', 'By hand', '--jwks', jwks, '--auth-method', 'private_key_jwt'],
      env,
    );
    assert.match(told.stderr, /has no secret: it proves who it is with its own key/);
  });

  it('are made with the place of their keys, and with a secret beside them', async () => {
    const { code, body } = await create('--jwks-uri', 'https://keys.example.com/jwks');
    assert.deepEqual([code, body.jwks_uri, body.jwks], [0, 'https://keys.example.com/jwks', null]);
    assert.match(body.client_secret, /^pas_/);
    const { stdout } = await run(['clients', 'show', body.client_id], env);
    assert.match(stdout, /^jwks_uri\thttps:\/\/keys\.example\.com\/jwks$/m);
    assert.match(stdout, /^auth method\tany$/m);
    assert.match(stdout, /^refresh tokens\tno$/m);
  });

  it('are not made of what is wrong, which is named', async () => {
    const secret = { keys: [key.privateKey.export({ format: 'jwk' })] };
    const cases: [string[], RegExp][] = [
      [['--jwks', fileOf('broken.json', '{"keys":')], /broken\.json" holds no JSON Web Key Set/],
      [['--jwks', fileOf('null.json', 'null')], /null\.json" holds no JSON Web Key Set/],
      [['--jwks', 'nowhere.json'], /nowhere\.json" was not read: ENOENT/],
      [['--jwks', fileOf('list.json', [])], /"field":"jwks"/],
      [['--jwks', fileOf('secret.json', secret)], /"field":"jwks\.keys\.0"/],
      [['--jwks', fileOf('good.json', KEYS), '--jwks-uri', 'https://keys.example.com'], /"field":"jwks"/],
      [['--jwks-uri', 'http://keys.example.com'], /"field":"jwks_uri"/],
      [['--auth-method', 'private_key_jwt'], /"field":"token_endpoint_auth_method"/],
      [['--auth-method', 'none'], /"field":"token_endpoint_auth_method".*private_key_jwt/],
    ];
    for (const [argv, message] of cases) {
      const { code, body } = await create(...argv);
      assert.deepEqual([code, body.code], [1, 'validation_failed'], argv.join(' '));
      assert.match(JSON.stringify(body).replaceAll('\\"', '"'), message);
      assert.doesNotMatch(JSON.stringify(body), new RegExp(`${secret.keys[0]?.d}`));
    }
  });
});
