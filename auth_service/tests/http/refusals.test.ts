import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditInput } from '#audit';
import { collapseRefusals } from '../../src/http/refusals.ts';
import { createTestClock } from '../support/clock.ts';

function build() {
  const clock = createTestClock();
  const stored: AuditInput[] = [];
  const enqueue = (event: AuditInput) => void stored.push(event);
  const audit = collapseRefusals({ enqueue, list: async () => [] }, clock.now);
  const refuse = (id: string, operation = 'listRoles') =>
    audit.enqueue({ action: 'access.refused', actor: { type: 'client', id }, detail: { operation } });
  return { audit, clock, stored, refuse };
}

describe('refusals that are thinned out', () => {
  it('are remembered for so many at a time: the oldest are forgotten', () => {
    const { stored, refuse } = build();
    for (let n = 0; n < 10_001; n += 1) refuse(`${n}`);
    assert.equal(stored.length, 10_001);
    for (const id of ['1', '5000', '10000']) refuse(id);
    assert.equal(stored.length, 10_001);
    refuse('0');
    assert.equal(stored.length, 10_002);
  });

  it('are recorded again where the clock was set back', () => {
    const { clock, stored, refuse } = build();
    refuse('a');
    clock.advance(-3600);
    refuse('a');
    refuse('a');
    assert.equal(stored.length, 2);
  });

  it('are refusals alone: everything else is recorded each time', () => {
    const { audit, stored } = build();
    const event = { action: 'token.issued', actor: { type: 'client', id: 'a' } } as const;
    for (let n = 0; n < 3; n += 1) audit.enqueue(event);
    assert.deepEqual(stored, [event, event, event]);
  });
});
