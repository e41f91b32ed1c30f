import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOn, describeOnEachDatabase } from '../support/databases.ts';
import { type Actor, type AdministeredApp, buildAdministeredApp, verdict } from './support/actors.ts';

/** Every way in which an administrator ceases to be one who can act. */
const WAYS: Readonly<Record<string, (id: string) => readonly [on: string, body?: object]>> = {
  'is deleted': (id) => [`DELETE /users/${id}`],
  'loses the role': (id) => [`DELETE /users/${id}/roles/admin`],
  'is banned': (id) => [`POST /users/${id}/ban`, { ban_duration: '1h' }],
  'is deactivated': (id) => [`PATCH /users/${id}`, { is_active: false }],
  'is unconfirmed': (id) => [`PATCH /users/${id}`, { email_confirmed: false, first_name: 'Ada' }],
};

function send(app: AdministeredApp, by: Actor, [on, body]: readonly [string, object?]) {
  return app.manage(by, on, body === undefined ? {} : { body });
}

describeOnEachDatabase('the last administrator', (open) => {
  for (const [name, way] of Object.entries(WAYS)) {
    it(`stays: nobody ${name} who is the last one`, async () => {
      await using app = await buildAdministeredApp(await open());
      const admin = await app.administrator();
      // None of these can act.
      const asleep = [await app.administrator(), await app.administrator(), await app.administrator()];
      const [banned, inactive, waiting] = asleep as [Actor, Actor, Actor];
      await send(app, admin, [`POST /users/${banned.id}/ban`]);
      await send(app, admin, [`PATCH /users/${inactive.id}`, { is_active: false }]);
      await send(app, admin, [`PATCH /users/${waiting.id}`, { email_confirmed: false }]);
      const wordless = { email: 'wordless@example.com', email_confirmed: true, assigned_roles: ['admin'] };
      const made = await send(app, admin, ['POST /users', wordless]);
      assert.equal(made.statusCode, 201, made.body);
      const before = await app.database.storage.directory.find(admin.id);
      assert.equal(verdict(await send(app, admin, way(admin.id))), '409 last_administrator');
      assert.deepEqual(await app.database.storage.directory.find(admin.id), before);
      assert.equal((await app.manage(admin, 'GET /users')).statusCode, 200);
      assert.equal(
        (await send(app, admin, [`PATCH /users/${inactive.id}`, { is_active: true }])).statusCode,
        200,
      );
      assert.equal((await send(app, admin, way(admin.id))).statusCode, 200);
    });
  }
});

/** PGlite has one connection, where nothing happens at once. */
describeOn('postgres', 'the last two administrators, removed at once', (open) => {
  const names = Object.keys(WAYS);
  const pairs = names.flatMap((one, index) => names.slice(index).map((other) => [one, other] as const));

  it('are not both gone, by whatever two ways', async () => {
    await using app = await buildAdministeredApp(await open());
    const all: string[] = [];
    let [one, other] = [
      await app.administrator('one@example.com'),
      await app.administrator('other@example.com'),
    ];
    for (const [first, second] of pairs) {
      for (const byThemselves of [true, false]) {
        const [a, b] = byThemselves ? [one, other] : [other, one];
        const answers = await Promise.all([
          send(app, a, WAYS[first]?.(one.id) ?? ['']),
          send(app, b, WAYS[second]?.(other.id) ?? ['']),
        ]);
        const verdicts = answers.map(verdict);
        all.push(...verdicts);
        const told = `${first}, ${second}: ${verdicts.join(', ')}`;
        assert.equal(verdicts.filter((status) => status === '200').length, 1, told);
        // Or whoever lost was out before they were looked at.
        assert.match(verdicts.find((status) => status !== '200') ?? '', /^409 last|^401|^403 insuff/, told);
        const { storage, clock } = app.database;
        assert.equal(await storage.userRoles.isHeld('admin', clock.now()), true, told);
        one = verdicts[0] === '200' ? await app.administrator() : one;
        other = verdicts[1] === '200' ? await app.administrator() : other;
      }
    }
    assert.ok(all.includes('409 last_administrator'), 'some were really at once');
  });

  it('are not both gone when one leaves by their own will', async () => {
    await using app = await buildAdministeredApp(await open());
    for (const [name, way] of Object.entries(WAYS)) {
      const [one, other] = [await app.administrator(), await app.administrator()];
      const answers = await Promise.all([
        send(app, other, way(other.id)),
        app.ask('DELETE /me', { token: one.token }),
      ]);
      const verdicts = answers.map(verdict);
      assert.deepEqual(verdicts.toSorted(), ['200', '409 last_administrator'], `${name}: ${verdicts}`);
      const last = verdicts[0] === '200' ? one : other;
      const next = await app.administrator();
      assert.equal((await app.manage(next, `DELETE /users/${last.id}`)).statusCode, 200);
      const successor = await app.administrator();
      assert.equal((await app.manage(successor, `DELETE /users/${next.id}`)).statusCode, 200);
      await app.database.query('delete from auth_service_data.user_roles');
    }
  });
});
