import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type AdministeredApp, buildAdministeredApp, verdict } from './support/actors.ts';
import { buildTestApp } from './support/build-test-app.ts';
import { ADA, PASSWORD } from './support/people-app.ts';

const NOBODY = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a13';
const READING = (id: string) => [
  'GET /users',
  `GET /users/${id}`,
  `GET /users/${id}/sessions`,
  `GET /users/${id}/permissions`,
];
const WRITING = (id: string) => [
  'POST /users',
  `PATCH /users/${id}`,
  `POST /users/${id}/ban`,
  `POST /users/${id}/unban`,
  `POST /users/${id}/logout`,
  `DELETE /users/${id}`,
];
const OF_ONE = (id: string) => [...READING(id), ...WRITING(id)].filter((on) => on.includes(id));

type Fields = readonly { readonly field: string }[];

describeOnEachDatabase('users: what is refused', (open) => {
  it('everything, to who holds nothing: a newcomer and a client without rights', async () => {
    await using app = await buildAdministeredApp(await open());
    const ada = await app.person([], ADA);
    for (const actor of [ada, await app.machine()]) {
      for (const on of [...READING(ada.id), ...WRITING(ada.id)]) {
        const answer = await app.manage(actor, on);
        assert.equal(verdict(answer), '403 insufficient_permission', on);
      }
    }
    for (const on of [...READING(ada.id), ...WRITING(ada.id)]) {
      assert.equal(verdict(await app.manage({ token: 'x.y.z' }, on)), '401 invalid_token', on);
    }
  });

  it('writing, to who may only read, and reading, to who may only write', async () => {
    await using app = await buildAdministeredApp(await open());
    const ada = await app.person([], ADA);
    const [reader, writer] = [await app.person(['users:read']), await app.machine(['users:write'])];
    for (const on of WRITING(ada.id)) {
      assert.equal(verdict(await app.manage(reader, on)), '403 insufficient_permission', on);
    }
    for (const on of READING(ada.id)) {
      assert.equal(verdict(await app.manage(writer, on)), '403 insufficient_permission', on);
      assert.equal(verdict(await app.manage(reader, on)), '200', on);
    }
  });

  it('who is not there, and what is no id', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    for (const id of [NOBODY, 'no-id', "1'or'1'='1", '%25', NOBODY.toUpperCase()]) {
      for (const on of OF_ONE(id)) {
        assert.equal(verdict(await app.manage(admin, on)), '404 not_found', on);
      }
    }
  });

  it('a page that cannot be, or what the list does not know', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const wrong = {
      limit: [
        'limit=0',
        'limit=201',
        'limit=-1',
        'limit=1.5',
        'limit=x',
        'limit=',
        'limit=1&limit=2',
        'limit=1e2',
      ],
      offset: ['offset=-1', 'offset=2147483648', 'offset=99999999999999999999', 'offset=NaN', 'offset=0x1'],
      q: [`q=${'x'.repeat(201)}`, 'q=%00', 'q=a%0Ab', 'q=a&q=b'],
      sort: ['sort=', 'sort=password', 'sort=email,created_at', 'sort=--email', "sort=email';--"],
      page: ['page=2'],
    };
    for (const [field, queries] of Object.entries(wrong)) {
      for (const query of queries) {
        const answer = await app.manage(admin, `GET /users?${query}`);
        assert.equal(verdict(answer), '422 validation_failed', query);
        assert.deepEqual(
          answer.json().errors.map((fault: Fields[0]) => fault.field),
          [field],
          query,
        );
      }
    }
    const most = await app.manage(admin, `GET /users?limit=200&q=${'%F0%9F%91%A9'.repeat(200)}`);
    assert.equal(most.statusCode, 200);
  });

  it('names and addresses that are not what they look like', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const { id } = await app.person([], ADA);
    const tricks: readonly [field: string, ...values: unknown[]][] = [
      [
        'email',
        'аda@example.com',
        'ada@exam\u200bple.com',
        'a\u212A@example.com',
        'ada@example.com\u0000',
        'ada',
        '',
        'ada@ex ample.com',
        'ada@example.com,eve@example.com',
        null,
        7,
      ],
      [
        'username',
        'ada\u202e',
        'a\u200bda',
        '\u0430da',
        'ada eve',
        '../ada',
        'ada@example.com',
        '\ud800',
        'x'.repeat(51),
        7,
        ['ada'],
      ],
      ['first_name', 'Ada\u2066', 'A\nda', '\u0000', 'x'.repeat(101), '\udc00', true, {}],
      ['last_name', 'Love\u2028lace', '\u061clace', 'x'.repeat(5000)],
      ['is_active', 'false', 0, null],
      ['email_confirmed', 'true', 1, null],
      ['password', null, 12345678, ['x'.repeat(9)]],
      ['user_id', NOBODY],
      ['roles', ['admin']],
      ['email_confirmed_at', '2030-01-15T12:00:00.000Z'],
      ['banned_until', null],
      ['__proto__', { is_active: false }],
    ];
    const before = (await app.manage(admin, `GET /users/${id}`)).json();
    for (const [field, ...values] of tricks) {
      for (const value of values) {
        const payload = (rest: object) =>
          JSON.stringify(rest)
            .replace(/^\{/, `{${JSON.stringify(field)}:${JSON.stringify(value)},`)
            .replace(',}', '}');
        for (const [on, rest] of [
          [`PATCH /users/${id}`, {}],
          ['POST /users', field === 'email' ? {} : { email: 'x@example.com' }],
        ] as const) {
          const answer = await app.manage(admin, on, { payload: payload(rest) });
          assert.equal(verdict(answer), '422 validation_failed', `${on} ${payload(rest).slice(0, 100)}`);
          assert.ok(
            answer.json().errors.some((fault: Fields[0]) => fault.field.startsWith(field)),
            answer.body,
          );
        }
      }
    }
    assert.deepEqual((await app.manage(admin, `GET /users/${id}`)).json(), before);
    // What is one name in two spellings is taken.
    const name = async (username: string, email: string) =>
      verdict(await app.manage(admin, 'POST /users', { body: { username, email } }));
    assert.equal(await name('Zo\u00eb', 'zoe@example.com'), '201');
    assert.equal(await name('zoe\u0308', 'zoe2@example.com'), '409 username_taken');
    assert.equal(await name('\uff3ao\u00eb', 'zoe2@example.com'), '409 username_taken');
  });

  it('roles that are none, too many, or no list', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const make = async (assigned_roles: unknown) =>
      app.manage(admin, 'POST /users', { body: { email: ADA, assigned_roles } });
    for (const roles of [
      'admin',
      null,
      [null],
      [['admin']],
      Array(101).fill('user'),
      ['x'.repeat(5000)],
      ["admin'--"],
      ['nobody', 'made\u0000it'],
    ]) {
      const answer = await make(roles);
      assert.equal(verdict(answer), '422 validation_failed', JSON.stringify(roles).slice(0, 60));
      assert.ok(answer.json().errors.every((fault: Fields[0]) => fault.field.startsWith('assigned_roles')));
    }
    assert.equal(await app.database.storage.accounts.findPersonByEmail(ADA), null);
  });

  it('bodies of ten megabytes, of other types, and no bodies at all', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const { id } = await app.person([], ADA);
    const huge = JSON.stringify({ first_name: 'x'.repeat(10_000_000) });
    for (const on of ['POST /users', `PATCH /users/${id}`, `POST /users/${id}/ban`]) {
      const told = async (request: Parameters<AdministeredApp['manage']>[2]) =>
        verdict(await app.manage(admin, on, request));
      assert.equal(await told({ payload: huge }), '413 body_too_large', on);
      assert.equal(await told({ payload: '{"email":' }), '400 malformed_body');
      assert.equal(await told({ payload: '[]' }), '422 validation_failed');
      assert.equal(
        await told({ payload: `password=${PASSWORD}`, type: 'text/plain' }),
        '415 unsupported_media_type',
      );
    }
    assert.equal(verdict(await app.manage(admin, 'POST /users')), '422 validation_failed');
    assert.equal(
      verdict(await app.manage(admin, `PUT /users/${id}`, { body: {} })),
      '405 method_not_allowed',
    );
  });
});

describeOnEachDatabase('where accounts are kept elsewhere', (open) => {
  it('there are no routes for users yet, and those for their roles are there', async () => {
    await using app = await buildTestApp(await open());
    const ask = async (url: string) => (await app.app.inject(`/api/v1/auth/admin${url}`)).statusCode;
    assert.equal(await ask('/users'), 404);
    assert.equal(await ask(`/users/${NOBODY}`), 404);
    assert.equal(await ask(`/users/${NOBODY}/roles`), 401);
  });
});
