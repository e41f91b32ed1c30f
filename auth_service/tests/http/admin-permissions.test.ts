import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ADMIN_PERMISSIONS, renderOpenApi } from '#http';
import { BUILT_IN_PERMISSIONS } from '#rbac';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN, type AdminAnswer, buildAdminApp } from './support/admin-app.ts';
import { SERVER } from './support/build-wire-app.ts';

interface AdminOperation {
  readonly operationId: string;
  readonly 'x-required-permission': string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

type On = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

/** Every operation of administration, as the document says it: its method and path below /auth/admin. */
async function adminOperations(): Promise<{ on: On; operation: AdminOperation }[]> {
  const { paths } = await renderOpenApi({
    version: '0.1.0',
    rootPath: SERVER.rootPath,
    hasPeople: true,
    publicUrl: SERVER.publicUrl,
  });
  return Object.entries(paths as Record<string, Record<string, AdminOperation>>)
    .filter(([path]) => path.startsWith(`${ADMIN}/`))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => {
        const on = `${method.toUpperCase()} ${path.slice(ADMIN.length)}`.replace(/\{\w+\}/g, NOBODY) as On;
        return { on, operation };
      }),
    );
}

const NOBODY = '0197f3a2-0000-7000-8000-000000000000';

describe('the table of permissions', () => {
  it('is what the routes ask for and what the document says, line by line', async () => {
    const operations = await adminOperations();
    const documented = operations.map(({ operation }) => [
      operation.operationId,
      operation['x-required-permission'],
    ]);
    assert.deepEqual(Object.fromEntries(documented), ADMIN_PERMISSIONS);
    for (const { operation } of operations) {
      const needed = operation['x-required-permission'];
      assert.deepEqual(operation.security, [{ userToken: [needed] }, { machineToken: [needed] }]);
      assert.ok(operation.description.startsWith(`Needs \`${needed}\`.`), operation.operationId);
    }
  });

  it('asks for the permission to write wherever something is written', async () => {
    for (const { on, operation } of await adminOperations()) {
      const verb = on.startsWith('GET ') ? ':read' : ':write';
      assert.ok(operation['x-required-permission'].endsWith(verb), on);
    }
  });
});

describeOnEachDatabase('every route of administration', (open) => {
  it('refuses a fresh user, a client without rights, and who holds every other permission', async () => {
    await using app = await buildAdminApp(await open());
    const fresh = await app.personHolding();
    const client = await app.clientHolding();
    const all = BUILT_IN_PERMISSIONS.map(({ name }) => name).filter((name) => name !== 'role:admin_manage');
    const others = new Map<string, string>();
    for (const needed of new Set(Object.values(ADMIN_PERMISSIONS))) {
      others.set(needed, (await app.personHolding(...all.filter((name) => name !== needed))).token);
    }
    for (const { on, operation } of await adminOperations()) {
      const needed = operation['x-required-permission'];
      for (const token of [fresh.token, client.token, others.get(needed) ?? '']) {
        const answer = await app.admin(on, { token });
        assert.equal(answer.status, 403, on);
        assert.equal(answer.body.code, 'insufficient_permission', on);
        const challenge = `Bearer realm="PA Services Auth", error="insufficient_scope", scope="${needed}"`;
        assert.equal(answer.headers['www-authenticate'], challenge);
      }
    }
  });

  it('refuses who shows no token, and tokens that are not meant for it', async () => {
    await using app = await buildAdminApp(await open());
    const client = await app.clientHolding('role:admin_manage');
    const forFleet = await app.tokenOf(client.basic, { resource: '' });
    for (const { on } of await adminOperations()) {
      const without = await app.admin(on, { token: null });
      assert.deepEqual([without.status, without.body.code], [401, 'no_authorization'], on);
      for (const token of [forFleet, 'eyJhbGciOiJub25lIn0.e30.', 'nonsense', tampered(client.token)]) {
        const answer = await app.admin(on, { token });
        assert.deepEqual([answer.status, answer.body.code], [401, 'invalid_token'], on);
      }
    }
  });

  it('lets in who holds its permission: what follows is not about rights any more', async () => {
    await using app = await buildAdminApp(await open());
    for (const needed of new Set(Object.values(ADMIN_PERMISSIONS))) {
      const [person, client] = [await app.personHolding(needed), await app.clientHolding(needed)];
      for (const { on, operation } of await adminOperations()) {
        if (operation['x-required-permission'] !== needed) continue;
        for (const { token } of [person, client]) {
          const { status, body } = (await app.admin(on, { token })) as AdminAnswer;
          assert.ok([200, 201, 404, 422].includes(status), `${on}: ${status} ${JSON.stringify(body)}`);
        }
      }
    }
  });

  it('writes down who was refused what', async () => {
    await using app = await buildAdminApp(await open());
    const fresh = await app.personHolding();
    await app.admin('GET /roles', { token: fresh.token });
    const clerk = await app.personHolding('permissions:write');
    await app.admin('POST /permissions', { token: clerk.token, body: { name: 'a:b' } });
    await app.audit.flush();
    const events = await app.database.storage.auditEvents.list({ action: 'access.refused', limit: 10 });
    assert.deepEqual(
      events.map(({ actorId, detail }) => ({ actorId, detail })),
      [
        { actorId: clerk.id, detail: { operation: 'createPermission', reason: 'exceeds_own_rights' } },
        { actorId: fresh.id, detail: { operation: 'listRoles', lacks: 'roles:read' } },
      ],
    );
  });

  it('writes down whom or what it was about, by id', async () => {
    await using app = await buildAdminApp(await open());
    const { token } = await app.clientHolding(
      'clients:write',
      'roles:write',
      'permissions:write',
      'users:write',
    );
    const [person, client] = [await app.personHolding('audit:read'), await app.clientHolding('audit:read')];
    const role = (await app.admin('GET /roles/admin')).body;
    const permission = (await app.admin('GET /permissions/audit:read')).body;
    const attempts: [On, object | undefined, string, string][] = [
      [`POST /clients/${client.id}/secrets`, {}, 'client', client.id],
      [`DELETE /clients/${client.id}/roles/user`, undefined, 'client', client.id],
      [`PATCH /users/${person.id.toUpperCase()}`, { first_name: 'Eve' }, 'user', person.id],
      ['DELETE /roles/admin', undefined, 'role', role.id],
      [`POST /roles/${role.id}/permissions`, { permission: 'audit:read' }, 'role', role.id],
      ['PUT /permissions/audit:read', { description: 'Mine' }, 'permission', permission.id],
    ];
    for (const [on, body] of attempts) {
      const answer = await app.admin(on, { token, ...(body === undefined ? {} : { body }) });
      assert.equal(answer.body.code, 'exceeds_own_rights', on);
    }
    await app.audit.flush();
    const events = await app.database.storage.auditEvents.list({ action: 'access.refused', limit: 10 });
    assert.deepEqual(
      events.reverse().map(({ subjectType, subjectId }) => [subjectType, subjectId?.toLowerCase()]),
      attempts.map(([, , type, id]) => [type, id]),
    );
  });

  it('writes down one refusal a minute of each kind, and how many there were beside it', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const [fresh, other] = [await app.personHolding(), await app.clientHolding()];
    const flood = async () => {
      for (let n = 0; n < 20; n += 1) await app.admin('GET /roles', { token: fresh.token });
      await app.admin('GET /clients', { token: fresh.token });
      await app.admin('GET /roles', { token: other.token });
    };
    await flood();
    app.clock.ms += 59_000;
    await flood();
    app.clock.ms += 1000;
    await flood();
    app.clock.ms += 60_000;
    await flood();
    await app.audit.flush();
    const events = await database.storage.auditEvents.list({ action: 'access.refused', limit: 100 });
    const ofRoles = events.filter(
      ({ actorId, detail }) => actorId === fresh.id && detail.operation === 'listRoles',
    );
    assert.deepEqual(
      ofRoles.reverse().map(({ detail }) => detail.collapsed),
      [undefined, 39, 19],
    );
    assert.equal(events.length, 9);
  });
});

function tampered(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  return [header, payload, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`].join('.');
}
