import assert from 'node:assert/strict';
import { test } from 'node:test';
import bcrypt from 'bcrypt';
import { isServiceError } from '#errors';
import { BCRYPT_HASH, createBcryptCheck } from '../../src/oauth/bcrypt-check.ts';

const HASH = bcrypt.hashSync('right', 4);

test('two checks run, a hundred wait, and the others are told to come back', async () => {
  const check = createBcryptCheck();
  const results = await Promise.allSettled(Array.from({ length: 130 }, (_, n) => check(`guess ${n}`, HASH)));
  const refused = results.filter((result) => result.status === 'rejected');
  assert.equal(refused.length, 28);
  assert.ok(
    refused.every(({ reason }) => isServiceError(reason, 'rate_limited') && reason.retryAfterSeconds === 1),
  );
  assert.equal(await check('right', HASH), true);
});

test('equal checks under way take one turn', async () => {
  const check = createBcryptCheck();
  const results = await Promise.all(Array.from({ length: 500 }, () => check('right', HASH)));
  assert.ok(results.every(Boolean));
});

test('only bcrypt hashes of a bearable cost are taken for one', () => {
  const body = HASH.slice(7);
  for (const good of ['$2a$04$', '$2b$12$', '$2y$15$']) assert.match(good + body, BCRYPT_HASH);
  for (const bad of ['$2x$12$', '$2b$03$', '$2b$16$', '$2b$31$', '$2$12$', '$argon2id$']) {
    assert.doesNotMatch(bad + body, BCRYPT_HASH);
  }
  for (const bad of [body.slice(1), `${body}a`, `${body.slice(1)}!`, `${body}\n`]) {
    assert.doesNotMatch(`$2b$12$${bad}`, BCRYPT_HASH);
  }
});
