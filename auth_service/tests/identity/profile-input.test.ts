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

  it('a username is one in whatever compatible form it is written; other names stay as they are', () => {
    for (const [written, meant] of [
      ['\uff41\uff44\uff4d\uff49\uff4e', 'admin'],
      ['\ud835\udd1e\ud835\udd21\ud835\udd2a\ud835\udd26\ud835\udd2b', 'admin'],
      ['o\ufb03ce', 'office'],
      ['ada\u00b2', 'ada2'],
      ['\u212alara', 'Klara'],
      ['\uff8a\uff9f', '\u30d1'],
    ] as const) {
      assert.deepEqual(readNames({ username: written, lastName: written }), {
        username: meant,
        lastName: written.normalize('NFC'),
      });
    }
    // What it comes to counts: one that falls apart, and one that grows.
    for (const username of ['ad\u00bda', '\u00a8ada', '\ufdfa', '\ufb03'.repeat(20)]) {
      assert.deepEqual(
        fieldsOf(() => readNames({ username })),
        ['username'],
        username,
      );
    }
  });

  it('a username is of one script where letters of others look the same', () => {
    for (const username of [
      '\u0430dmin',
      'admi\u0438',
      '\u03bfda',
      'ada.\u0416',
      '\u0410\u039f',
      '\u0391da1',
    ]) {
      const told = () => readNames({ username });
      assert.deepEqual(fieldsOf(told), ['username'], username);
      assert.throws(told, (error) => /Latin, Cyrillic and Greek/.test(JSON.stringify(error)));
    }
    for (const username of ['Любовь-1', 'ΣΟΦΙΑ', 'zoe', 'ada花子', 'hanako-花子']) {
      assert.deepEqual(
        fieldsOf(() => readNames({ username })),
        [],
        username,
      );
    }
    assert.deepEqual(
      fieldsOf(() => readNames({ firstName: 'Любовь Love', lastName: 'Σοφία Sophia' })),
      [],
    );
  });

  it('no name holds what takes no room', () => {
    const unseen = [
      ...['\u00ad', '\u034f', '\u061c', '\u115f', '\u1160', '\u17b4', '\u180b', '\u180e', '\u200b', '\u200c'],
      ...['\u200d', '\u200e', '\u2060', '\u2063', '\u3164', '\ufe0f', '\ufeff', '\uffa0', '\u{1d173}'],
      ...['\u{e0001}', '\u{e0061}', '\u{e0100}', '\u0600', '\u{110bd}'],
    ];
    for (const character of unseen) {
      const name = `a${character}da`;
      assert.deepEqual(
        fieldsOf(() => readNames({ username: name, firstName: name, lastName: `${name} ` })),
        ['username', 'first_name', 'last_name'],
        JSON.stringify(name),
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
