import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type AdminApp, buildAdminApp } from './support/admin-app.ts';

interface Listed {
  readonly items: { id: string; action: string; occurred_at: string; subject: { id: string } | null }[];
  readonly next_cursor: string | null;
}

const list = async (app: AdminApp, query = '') => (await app.admin(`GET /audit${query}`)).body as Listed;

describeOnEachDatabase('audit events over HTTP', (open) => {
  it('come newest first, page by page, each once, also while others happen', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    for (let index = 0; index < 7; index += 1) {
      if (index % 3 === 0) database.clock.advance(1);
      await app.admin('POST /roles', { body: { name: `r${index}` } });
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Listed = await list(app, `?action=role.created&limit=3${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
      await app.admin('POST /roles', { body: { name: `later${seen.length}` } });
    }
    const all = await database.storage.auditEvents.list({ action: 'role.created', limit: 100 });
    const before = all.map(({ id }) => id).slice(-seen.length);
    assert.deepEqual(seen, before);
    assert.ok(seen.length >= 7);
  });

  it('are filtered by actor, subject, action and time, all at once', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('role:admin_manage');
    database.clock.advance(60);
    const from = database.clock.now().toISOString();
    const made = await app.admin('POST /roles', { body: { name: 'mine' }, token: client.token });
    database.clock.advance(60);
    const to = database.clock.now().toISOString();
    await app.admin(`PUT /roles/${made.body.id}`, { body: { description: 'later' }, token: client.token });
    const actions = async (query: string) => (await list(app, query)).items.map(({ action }) => action);
    assert.deepEqual(await actions(`?subject=${made.body.id}`), ['role.updated', 'role.created']);
    assert.deepEqual(await actions(`?actor=${client.id}&from=${from}&to=${to}`), ['role.created']);
    assert.deepEqual(await actions(`?actor=${client.id}&from=${to}`), ['role.updated']);
    const plus = from.replace('Z', '+00:00');
    assert.deepEqual(await actions(`?actor=${client.id}&from=${plus}&to=${encodeURIComponent(to)}`), [
      'role.created',
    ]);
    assert.deepEqual(await actions('?actor=nobody'), []);
  });

  it('show all that is recorded', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const { id } = (
      await app.admin('POST /roles', { body: { name: 'one' }, headers: { 'x-request-id': 'r-1' } })
    ).body;
    const { items } = await list(app, '?action=role.created');
    const event = items.find(({ subject }) => subject?.id === id);
    const { id: eventId, actor, ...rest } = event as unknown as Record<string, unknown>;
    assert.match(String(eventId), /^[0-9a-f-]{36}$/);
    assert.equal((actor as { type: string }).type, 'user');
    assert.deepEqual(rest, {
      occurred_at: '2030-01-15T12:00:00.000Z',
      action: 'role.created',
      outcome: 'success',
      subject: { type: 'role', id },
      request_id: 'r-1',
      client_ip: '127.0.0.1',
      detail: { name: 'one' },
    });
  });

  it('refuse what cannot be meant, naming it', async () => {
    await using app = await buildAdminApp(await open());
    const cursorAt = (ms: string) =>
      Buffer.from(`${ms}.0197f3a2-0000-7000-8000-000000000000`).toString('base64url');
    const beyond = cursorAt('999999999999999999');
    const beyondYears = cursorAt('253402300800000');
    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['cursor=x', 'cursor'],
      ['cursor=', 'cursor'],
      [`cursor=${Buffer.from(`1.${'-'.repeat(36)}`).toString('base64url')}`, 'cursor'],
      [`cursor=${beyond}`, 'cursor'],
      ['from=yesterday', 'from'],
      ['from=2026-13-01T00:00:00Z', 'from'],
      ['to=2026-01-01', 'to'],
      ['from=0000-01-01T00:00:00Z', 'from'],
      ['from=0001-01-01T00:00:00%2B00:01', 'from'],
      ['to=9999-12-31T23:59:59-23:59', 'to'],
      [`cursor=${beyondYears}`, 'cursor'],
      ['action=role.eaten', 'action'],
      ['action=toString', 'action'],
      ['actor=%00', 'actor'],
      [`subject=${'x'.repeat(513)}`, 'subject'],
      ['acter=me', 'acter'],
      ['offset=5', 'offset'],
    ] as const) {
      const { status, body } = await app.admin(`GET /audit?${query}`);
      assert.equal(status, 422, `${query}: ${JSON.stringify(body)}`);
      assert.equal(body.errors[0].field, field, query);
    }
  });

  it('are asked for by every instant of the years 1 to 9999', async () => {
    await using app = await buildAdminApp(await open());
    const everything = 'from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.999Z&action=role.granted';
    assert.ok((await list(app, `?${everything}`)).items.length > 0);
    assert.deepEqual((await list(app, '?from=9999-12-31T23:59:59.999Z')).items, []);
    const last = Buffer.from('253402300799999.0197f3a2-0000-7000-8000-000000000000').toString('base64url');
    assert.ok((await list(app, `?cursor=${last}`)).items.length > 0);
  });

  it('keys are listed without the keys', async () => {
    await using app = await buildAdminApp(await open());
    const { items, count } = (await app.admin('GET /keys')).body;
    assert.equal(count, items.length);
    const states = items.map((key: { signs_for: string; state: string }) => `${key.signs_for} ${key.state}`);
    assert.deepEqual(states, ['machines active', 'machines next', 'people active', 'people next']);
    for (const key of items) {
      assert.deepEqual(Object.keys(key), [
        ...['kid', 'signs_for', 'algorithm', 'state'],
        ...['created_at', 'activated_at', 'retired_at', 'expires_at'],
      ]);
    }
  });
});
