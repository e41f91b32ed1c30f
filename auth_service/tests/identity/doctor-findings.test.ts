import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeDatabaseTls } from '../../src/identity/supabase/doctor/database-tls.ts';
import { concludeFrom, fault } from '../../src/identity/supabase/doctor/findings.ts';

describe('whether the connection to the database is encrypted', () => {
  const judge = (...urls: string[]) => judgeDatabaseTls(urls).status;

  it('is no question where the database is near', () => {
    assert.equal(judge(), 'ok');
    for (const host of [
      'localhost',
      'db',
      '127.0.0.1',
      '[::1]',
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '[fd00::1]',
    ])
      assert.equal(judge(`postgresql://u:p@${host}:5432/x`), 'ok', host);
    assert.equal(judge('postgresql:///x?host=/var/run/postgresql'), 'ok');
  });

  it('is one for every other host, also behind a pooler that is near', () => {
    for (const host of ['db.ref.supabase.co', '172.32.0.1', '11.0.0.1', '[2001:db8::1]']) {
      const url = `postgresql://u:p@${host}:5432/x`;
      assert.equal(judge(url), 'warning', host);
      assert.equal(judge('postgresql://u:p@pooler/x', url), 'warning', host);
      for (const mode of ['disable', 'allow', 'prefer'])
        assert.equal(judge(`${url}?sslmode=${mode}`), 'warning', mode);
      for (const mode of ['require', 'no-verify', 'verify-ca', 'verify-full'])
        assert.equal(judge(`${url}?sslmode=${mode}`), 'ok', mode);
    }
    assert.equal(judge('postgresql://u:p@localhost/x?host=db.ref.supabase.co'), 'warning');
  });
});

describe('what the doctor tells', () => {
  it('holds no secret and nothing that moves a cursor, in cause and remedy either', () => {
    const secret = 'a-secret-of-more-than-sixteen';
    const text = `\u001b[2J${secret}`;
    const { findings } = concludeFrom([fault('hook', { detail: text, cause: text, remedy: text })], [secret]);
    const told = ' [2J***';
    assert.deepEqual(findings, [{ id: 'hook', status: 'fault', detail: told, cause: told, remedy: told }]);
  });
});
