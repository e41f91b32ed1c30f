import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { VARIABLES } from '#config';

const ROOT = join(import.meta.dirname, '../../..');
const dockerfile = readFileSync(join(ROOT, 'auth_service/Dockerfile'), 'utf8');
const rules = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** One instruction a line, comments dropped. */
const instructions = dockerfile
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replace(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line !== '');
const finalStage = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM')));

/** As Docker reads it: the last rule that names the path, or a folder that it is in, decides. */
function isInContext(path: string): boolean {
  let isIn = true;
  for (const rule of rules) {
    const pattern = rule.replace(/^!/, '');
    const source = pattern
      .replace(/[.+]/g, '\\$&')
      .replace(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
    if (new RegExp(`^${source}(?:/|$)`).test(path)) isIn = rule.startsWith('!');
  }
  return isIn;
}

describe('.dockerignore', () => {
  it('lets through what the image is made of', () => {
    for (const path of [
      'package.json',
      'package-lock.json',
      'LICENSE',
      'auth_service/package.json',
      'auth_service/bin/auth-service.js',
      'auth_service/src/main.ts',
      'auth_service/src/http/app.ts',
      'auth_service/migrations/0001_machines.sql',
    ]) {
      assert.ok(isInContext(path), path);
    }
  });

  it('keeps out secrets, data, history, and what production does not need', () => {
    for (const path of [
      '.env',
      '.env.production',
      'auth_service/.env',
      'auth_service/.env.production',
      'auth_service/src/.env.local',
      '.data/secrets.json',
      'auth_service/.data/secrets.json',
      'auth_service/src/.data/secrets.json',
      '.git/config',
      '.npmrc',
      'node_modules/fastify/package.json',
      'auth_service/node_modules/fastify/package.json',
      'auth_service/tests/run.ts',
      'auth_service/docker-compose.prod.yml',
      'docs/architecture.md',
      'k8s/secrets.yaml',
      'bench/soak.ts',
      'id_rsa',
      'server.log',
    ]) {
      assert.ok(!isInContext(path), path);
    }
  });
});

describe('the Dockerfile', () => {
  it('needs no BuildKit', () => {
    const modern = /^(RUN --(mount|network|security)|(COPY|ADD) .*--(link|chmod|parents|exclude)|ADD\b)|<</;
    assert.deepEqual(
      instructions.filter((line) => modern.test(line)),
      [],
    );
    assert.doesNotMatch(dockerfile, /^#\s*(syntax|check)=/m);
  });

  it('is built on one base alone, which may be named anew', () => {
    assert.equal(instructions[0], 'ARG NODE_IMAGE=node:24-bookworm-slim');
    const bases = instructions.filter((line) => line.startsWith('FROM')).map((line) => line.split(' ')[1]);
    assert.match([...new Set(bases)].join(), /^\$\{NODE_IMAGE\}$/);
  });

  it('copies from the checkout only what the context holds', () => {
    const copies = instructions.filter((line) => line.startsWith('COPY') && !line.includes('--from='));
    const sources = copies.flatMap((line) => line.split(' ').slice(1, -1));
    assert.ok(sources.length >= 4);
    for (const source of sources) {
      assert.ok(isInContext(source === 'auth_service' ? 'auth_service/src' : source), source);
    }
  });

  it('installs what the lock file names, for production, and runs no script of a package', () => {
    const installs = instructions.filter((line) => /\bnpm\b.*\b(ci|install|i)\b/.test(line));
    assert.equal(installs.filter((line) => line.startsWith('RUN npm ci')).length, 1);
    for (const option of [
      '--omit=dev',
      '--ignore-scripts',
      '--workspace=auth_service',
      '--include-workspace-root=false',
    ]) {
      assert.ok(installs[0]?.includes(option), option);
    }
  });

  it('ends as nobody of importance, told by number, with nothing run or copied after that', () => {
    const user = finalStage.findIndex((line) => line.startsWith('USER'));
    assert.equal(finalStage[user], 'USER 1000:1000');
    assert.deepEqual(
      finalStage.slice(user).filter((line) => /^(RUN|COPY|ADD|USER (?!1000:1000))/.test(line)),
      [],
    );
    const owned = finalStage.filter((line) => line.startsWith('COPY --') && !line.includes('--chown=0:0'));
    assert.deepEqual(owned, []);
  });

  it('starts the service as the first process, stopped by SIGTERM and asked by healthcheck', () => {
    const last = (name: string) => finalStage.findLast((line) => line.startsWith(`${name} `));
    assert.equal(last('ENTRYPOINT'), 'ENTRYPOINT []');
    assert.equal(last('CMD'), 'CMD ["auth-service", "serve"]');
    assert.ok(
      finalStage.indexOf('ENTRYPOINT []') < finalStage.indexOf('CMD ["auth-service", "serve"]'),
      'an entrypoint takes away the command before it',
    );
    assert.equal(last('STOPSIGNAL'), 'STOPSIGNAL SIGTERM');
    assert.match(last('HEALTHCHECK') ?? '', /CMD \["auth-service", "healthcheck"\]$/);
    const port = VARIABLES.find(({ name }) => name === 'PORT')?.default;
    assert.equal(`\`${last('EXPOSE')?.split(' ')[1]}\``, port);
  });

  it('sets what the service knows, and nothing secret', () => {
    const known = VARIABLES.filter(({ isSecret }) => !isSecret).map(({ name }) => name);
    const set = finalStage
      .filter((line) => line.startsWith('ENV'))
      .flatMap((line) => [...line.matchAll(/(\w+)=/g)].map(([, name = '']) => name));
    assert.deepEqual(
      set.filter((name) => !known.includes(name) && !name.startsWith('NODE_')),
      [],
    );
    assert.ok(finalStage.some((line) => /^ENV .*\bENVIRONMENT=production\b.*\bHOST=0\.0\.0\.0/.test(line)));
    const told = instructions.filter((line) => line.startsWith('ARG')).map((line) => line.split(/[ =]/)[1]);
    assert.deepEqual(told, ['NODE_IMAGE', 'SOURCE', 'VERSION', 'REVISION', 'CREATED']);
  });
});
