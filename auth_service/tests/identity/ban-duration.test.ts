import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isServiceError } from '#errors';
import { FOR_EVER, readBanDuration } from '../../src/identity/administration/ban-duration.ts';

const HOUR = 3_600_000;

describe('the duration of a ban', () => {
  it('is read as Go writes it', () => {
    const spellings = {
      '24h': 24 * HOUR,
      '1h30m': 1.5 * HOUR,
      '1.5h': 1.5 * HOUR,
      '.5h': HOUR / 2,
      '1.h': HOUR,
      '90m0s': 1.5 * HOUR,
      '1s': 1000,
      '1500ms': 1500,
      '1000000000ns': 1000,
      '1000000µs': 1000,
      '1000000μs': 1000,
      '1000000us': 1000,
      '1m1m': 120_000,
      [FOR_EVER]: 876_000 * HOUR,
      '2562047h': 2_562_047 * HOUR,
    };
    for (const [text, ms] of Object.entries(spellings)) assert.equal(readBanDuration(text), ms, text);
  });

  it('is nothing else', () => {
    const others = [
      'none',
      '',
      '0',
      '0s',
      '1',
      'h',
      '.h',
      '1d',
      '1w',
      '-1h',
      '+1h',
      ' 1h',
      '1h ',
      '1H',
      '1h,5m',
      '1e3h',
    ];
    const bounds = [
      '999ms',
      '2562047h1s',
      `${'9'.repeat(16)}h`,
      '1h'.repeat(60),
      'Infinityh',
      '0x10h',
      '1h\n',
    ];
    for (const text of [...others, ...bounds]) {
      assert.throws(
        () => readBanDuration(text),
        (error) => isServiceError(error, 'validation_failed') && error.fields?.[0]?.field === 'ban_duration',
        text,
      );
    }
  });

  it('is refused in no time, whatever its length', () => {
    assert.throws(() => readBanDuration(`${'1'.repeat(4000)}x`));
    assert.throws(() => readBanDuration('1.1.'.repeat(25)));
  });
});
