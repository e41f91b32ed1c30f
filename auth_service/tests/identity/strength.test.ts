import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { createStrengthRules } from '#identity';

const EMAIL = 'ada.lovelace@example.com';

describe('password strength', () => {
  const rules = createStrengthRules();
  const weaknessOf = (password: string) => rules.findWeakness(password, EMAIL);

  it('takes 8 to 128 characters, whatever they are and however many bytes', async () => {
    for (const password of [
      'x7!kQ2z@',
      '        ',
      'цвет ночи',
      '😀😂😃😄😅😆😇😈',
      '😀'.repeat(128),
      `${'z'.repeat(127)}é`,
    ]) {
      assert.equal(await weaknessOf(password), null, password);
    }
    // 7 characters of 14 units of UTF-16, and 129.
    for (const password of ['', 'x7!kQ2z', '😀😂😃😄😅😆😇', '😀'.repeat(129), `${'ab'.repeat(64)}c`]) {
      assert.equal(await weaknessOf(password), 'length', password);
    }
  });

  it('takes no half of a character, which would be hashed as any other', async () => {
    assert.notEqual(await weaknessOf('x7!kQ2z@\ud83d'), null);
  });

  it('takes none of those that are tried first, in whatever case', async () => {
    for (const password of ['password', 'PassWord', '12345678', 'qwertyuiop', 'Superman', 'iloveyou1']) {
      assert.equal(await weaknessOf(password), 'common', password);
    }
  });

  it('takes neither the address itself nor what stands before its @', async () => {
    for (const password of [EMAIL, EMAIL.toUpperCase(), 'ada.lovelace', 'Ada.Lovelace']) {
      assert.equal(await weaknessOf(password), 'email', password);
    }
    assert.equal(await weaknessOf('ada.lovelace, countess'), null);
  });

  it('says why, and at which field', async () => {
    await rules.requireStrength('x7!kQ2z@', EMAIL, 'password');
    await assert.rejects(rules.requireStrength('password', EMAIL, 'new_password'), (error) => {
      assert.ok(isServiceError(error, 'weak_password'));
      assert.deepEqual(error.fields, [{ field: 'new_password', message: error.message }]);
      assert.match(error.message, /most common/);
      return true;
    });
  });
});
