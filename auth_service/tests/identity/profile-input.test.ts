import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { readNames, readNewPerson } from '../../src/identity/profile-input.ts';

const fieldsOf = (read: () => unknown): string[] => {
  try {
    read();
  } catch (error) {
    if (isServiceError(error, 'validation_failed')) return (error.fields ?? []).map(({ field }) => field);
    throw error;
  }
  return [];
};

describe('profile input', () => {
  it('what is left out stays out, null and blanks empty a name', () => {
    assert.deepEqual(readNames({}), {});
    assert.deepEqual(readNames({ username: undefined }), {});
    assert.deepEqual(readNames({ username: null, firstName: '', lastName: ' \t ' }), {
      username: null,
      firstName: null,
      lastName: null,
    });
  });

  it('names come without blanks around them and in composed form', () => {
    assert.deepEqual(readNames({ username: ' zoe\u0308 ', firstName: ' Zoe\u0308 Ann ' }), {
      username: 'zo\u00eb',
      firstName: 'Zo\u00eb Ann',
    });
  });

  it('a username is letters and digits of any script, with . _ - between them', () => {
    for (const username of ['a', 'ada', 'ada.lovelace', 'ada_l-1', '艾达', 'اَدا', '7', 'é', 'हिन्दी']) {
      assert.deepEqual(
        fieldsOf(() => readNames({ username })),
        [],
        username,
      );
    }
    for (const username of [
      '.ada',
      'ada.',
      '-ada',
      'ada_',
      'ada lovelace',
      'ada@example.com',
      'ada/..',
      'ada\u200blovelace',
      'ada\u202elovelace',
      '\u0308ada',
      'a\0da',
      '\ud83d',
      '😀',
      "ada'--",
    ]) {
      assert.deepEqual(
        fieldsOf(() => readNames({ username })),
        ['username'],
        JSON.stringify(username),
      );
    }
  });

  it('lengths are counted in characters, after the blanks are gone', () => {
    // Each of these letters is two units of UTF-16 and four bytes.
    const letters = (count: number) => '𐌰'.repeat(count);
    assert.deepEqual(
      fieldsOf(() => readNames({ username: ` ${letters(50)} ` })),
      [],
    );
    assert.deepEqual(
      fieldsOf(() => readNames({ username: letters(51) })),
      ['username'],
    );
    assert.deepEqual(
      fieldsOf(() => readNames({ firstName: letters(100), lastName: letters(100) })),
      [],
    );
    assert.deepEqual(
      fieldsOf(() => readNames({ firstName: letters(101), lastName: letters(101) })),
      ['first_name', 'last_name'],
    );
  });

  it('names hold nothing that cannot be seen, and otherwise what people are called', () => {
    for (const name of ["O'Hara", 'Nguyễn Thị', 'de la Cruz, Jr.', '张', 'X Æ A-12']) {
      assert.deepEqual(
        fieldsOf(() => readNames({ firstName: name, lastName: name })),
        [],
        name,
      );
    }
    for (const name of ['a\0b', 'a\nb', 'a\u2028b', 'a\u202eb', 'a\u2066b', 'a\ud800b', '\u007fa']) {
      assert.deepEqual(
        fieldsOf(() => readNames({ lastName: name })),
        ['last_name'],
        JSON.stringify(name),
      );
    }
  });

  it('all wrong fields are named at once, the e-mail among them', () => {
    const input = { email: 'nobody', password: 'x', username: '-', firstName: 'a\0b', lastName: 'fine' };
    assert.deepEqual(
      fieldsOf(() => readNewPerson(input)),
      ['email', 'username', 'first_name'],
    );
  });

  it('a new person has every name, or null', () => {
    assert.deepEqual(readNewPerson({ email: 'Ada@Example.com', password: 'x', firstName: 'Ada' }), {
      email: 'ada@example.com',
      username: null,
      firstName: 'Ada',
      lastName: null,
    });
  });
});
