import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom, systemRandom } from '#crypto';

const noon = new Date('2026-03-01T12:00:00.123Z');

describe('random', () => {
  it('makes UUIDs of version 7 that begin with the time', () => {
    const uuid = createRandom(() => noon).uuid();
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(uuid.slice(0, 13).replace('-', ''), 16), noon.getTime());
  });

  it('makes UUIDs that sort in their order within one millisecond, more of them than its counter holds too', () => {
    const random = createRandom(() => noon);
    const uuids = Array.from({ length: 10_000 }, () => random.uuid());
    assert.deepEqual(uuids, uuids.toSorted());
    assert.equal(new Set(uuids).size, uuids.length);
  });

  it('keeps the order of UUIDs when the clock is set back', () => {
    let now = noon;
    const random = createRandom(() => now);
    const before = random.uuid();
    now = new Date(noon.getTime() - 60_000);
    assert.ok(random.uuid() > before);
  });

  it('lets the random part of UUIDs differ', () => {
    const tails = Array.from({ length: 1000 }, () => systemRandom.uuid().slice(19));
    assert.equal(new Set(tails).size, tails.length);
  });

  it('makes tokens of 256 bits unless told, in base64url', () => {
    assert.match(systemRandom.token(), /^[A-Za-z0-9_-]{43}$/);
    assert.match(systemRandom.token(16), /^[A-Za-z0-9_-]{22}$/);
    assert.notEqual(systemRandom.token(), systemRandom.token());
    assert.equal(systemRandom.bytes(12).length, 12);
  });
});
