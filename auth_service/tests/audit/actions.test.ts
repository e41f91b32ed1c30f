import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AUDIT_ACTIONS, renderAuditDocs } from '#audit';

describe('the catalogue of audit actions', () => {
  it('names each as noun.verb and says what it means in a sentence', () => {
    for (const [action, meaning] of Object.entries(AUDIT_ACTIONS)) {
      assert.match(action, /^[a-z_]+\.[a-z_]+$/);
      assert.match(meaning, /^[A-Z].*\.$/, action);
    }
  });

  it('is rendered whole, one row for each action', () => {
    const rows = renderAuditDocs()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    assert.deepEqual(
      rows.map((row) => row.split('`')[1]),
      Object.keys(AUDIT_ACTIONS),
    );
    for (const row of rows) assert.equal(row.split('|').length, 4, row);
  });
});
