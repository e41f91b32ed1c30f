import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renderOpenApi } from '#http';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN, buildAdminApp } from './support/admin-app.ts';
import { SERVER } from './support/build-wire-app.ts';

type On = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly examples: object }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

/** Every operation of administration with the body of its example, its path filled in. */
async function operations(): Promise<{ on: On; operation: Operation; body: unknown }[]> {
  const { paths } = await renderOpenApi({
    version: '0.1.0',
    rootPath: SERVER.rootPath,
    hasPeople: true,
    publicUrl: SERVER.publicUrl,
  });
  return Object.entries(paths as Record<string, Record<string, Operation>>)
    .filter(([path]) => path.startsWith(`${ADMIN}/`))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => {
        const on = `${method.toUpperCase()} ${path.slice(ADMIN.length)}`.replace(/\{\w+\}/g, 'nobody') as On;
        const [example] = Object.values(operation.requestBody?.content['application/json']?.examples ?? {});
        return { on, operation, body: example?.value };
      }),
    );
}

describeOnEachDatabase('the query of a route of administration', (open) => {
  it('holds nothing that the route does not name, on any of them', async () => {
    await using app = await buildAdminApp(await open());
    for (const { on, operation, body } of await operations()) {
      const known = (operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name);
      const strange = ['force', 'limit', 'x'].filter((name) => !known.includes(name));
      const query = strange.map((name) => `${name}=1`).join('&');
      const answer = await app.admin(`${on}?${query}`, { body });
      assert.deepEqual([answer.status, answer.body.code], [422, 'validation_failed'], on);
      assert.deepEqual(
        answer.body.errors.map(({ field }: { field: string }) => field),
        strange,
        on,
      );
      assert.ok('422' in operation.responses, on);
    }
  });

  it('is refused before anything is done', async () => {
    await using app = await buildAdminApp(await open());
    const person = await app.personHolding();
    const patched = await app.admin(`PATCH /users/${person.id}?force=true&x=1`, {
      body: { first_name: 'Ada' },
    });
    assert.equal(patched.status, 422);
    assert.equal((await app.admin(`GET /users/${person.id}`)).body.first_name, null);
    assert.equal((await app.admin('POST /roles?dry_run=true', { body: { name: 'made' } })).status, 422);
    assert.equal((await app.admin('GET /roles/made')).status, 404);
  });

  it('may have its strange names in any number: the answer stays small', async () => {
    await using app = await buildAdminApp(await open());
    const many = Array.from({ length: 500 }, (_, index) => `${'x'.repeat(20)}${index}=1`).join('&');
    const { status, body } = await app.admin(`GET /keys?${many}&${'y'.repeat(500)}`);
    assert.equal(status, 422);
    assert.equal(body.errors.length, 20);
    const [fault] = (await app.admin(`GET /keys?${'y'.repeat(500)}`)).body.errors;
    assert.equal(fault.field.length, 100);
  });
});
