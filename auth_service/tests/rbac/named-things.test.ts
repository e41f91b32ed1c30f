import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN, ALL, openRbac } from './open-rbac.ts';

const KINDS = [
  { noun: 'role', things: 'roles', name: 'reader', other: 'writer' },
  { noun: 'permission', things: 'permissions', name: 'orders:read', other: 'orders:write' },
] as const;

/** Each with the field at fault. */
const REFUSED: readonly (readonly [given: { name: string; description?: string }, field: string])[] = [
  [{ name: '' }, 'name'],
  [{ name: 'Reader' }, 'name'],
  [{ name: 'rea der' }, 'name'],
  [{ name: 'reader\0' }, 'name'],
  [{ name: 'rеader' }, 'name'],
  [{ name: 'reader\n' }, 'name'],
  [{ name: "r'; drop table roles; --" }, 'name'],
  [{ name: 'a'.repeat(10_000) }, 'name'],
  [{ name: '', description: 'two\nlines' }, 'description'],
  [{ name: '', description: 'x'.repeat(501) }, 'description'],
  [{ name: '', description: 'right-to-left \u202e here' }, 'description'],
  [{ name: '', description: 'half a character \ud83d' }, 'description'],
  [{ name: '', description: 'nul \0' }, 'description'],
  [{ name: '', description: 'nothing\u200b to see' }, 'description'],
  [{ name: '', description: 'filled \u3164 up' }, 'description'],
  [{ name: '', description: '💥'.repeat(501) }, 'description'],
];

describeOnEachDatabase('roles and permissions', (open) => {
  for (const { noun, things, name, other } of KINDS) {
    it(`${things} are created, found, listed and deleted, each change with its event`, async () => {
      const { rbac, clock, events } = await openRbac(open);
      const made = await rbac[things].create(ADMIN, { name, description: 'Möhren 🥕' });
      assert.deepEqual(made, {
        id: made.id,
        name,
        description: 'Möhren 🥕',
        createdAt: clock.now(),
        updatedAt: clock.now(),
      });
      const plain = await rbac[things].create(ADMIN, { name: other, description: '' });
      assert.equal(plain.description, null);
      assert.deepEqual(await rbac[things].find(name), made);
      assert.deepEqual(await rbac[things].list(ALL), { items: [made, plain], count: 2 });
      assert.deepEqual(await rbac[things].delete(ADMIN, name), made);
      assert.deepEqual(await rbac[things].delete(ADMIN, plain.id.toUpperCase()), plain);
      assert.equal((await rbac[things].list(ALL)).count, 0);
      assert.deepEqual(await events(), [
        { action: `${noun}.created`, subjectType: noun, detail: { name } },
        { action: `${noun}.created`, subjectType: noun, detail: { name: other } },
        { action: `${noun}.deleted`, subjectType: noun, detail: { name } },
        { action: `${noun}.deleted`, subjectType: noun, detail: { name: other } },
      ]);
    });

    it(`${things} without their event do not happen`, async () => {
      const { rbac, rbacWithoutAudit, events } = await openRbac(open);
      await assert.rejects(rbacWithoutAudit[things].create(ADMIN, { name }), /no audit/);
      assert.equal((await rbac[things].list(ALL)).count, 0);
      await rbac[things].create(ADMIN, { name });
      await assert.rejects(rbacWithoutAudit[things].delete(ADMIN, name), /no audit/);
      assert.equal((await rbac[things].list(ALL)).count, 1);
      assert.equal((await events()).length, 1);
    });

    it(`a second ${noun} of one name is refused, by name`, async () => {
      const { rbac, events } = await openRbac(open);
      await rbac[things].create(ADMIN, { name });
      await assert.rejects(rbac[things].create(ADMIN, { name }), {
        code: 'already_exists',
        message: `The ${noun} "${name}" exists already.`,
      });
      assert.equal((await events()).length, 1);
    });

    it(`of the same ${noun} created in several places at once, one is made`, async () => {
      const { rbac, rbacOver, openAnother, events } = await openRbac(open);
      const others = await Promise.all([openAnother(), openAnother()]);
      const all = [rbac, rbac, ...others.map(rbacOver)];
      const outcomes = await Promise.allSettled(all.map((one) => one[things].create(ADMIN, { name })));
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.equal(refused.length, 3);
      for (const { reason } of refused) assert.ok(isServiceError(reason, 'already_exists'), String(reason));
      assert.equal((await events()).length, 1);
    });

    it(`an unknown ${noun} is not found, whatever it is called`, async () => {
      const { rbac } = await openRbac(open);
      const unknown = [name, crypto.randomUUID(), '', 'No Such', '\0', "'; --", 'x'.repeat(10_000)];
      for (const text of unknown) {
        await assert.rejects(rbac[things].find(text), { code: 'not_found' });
        await assert.rejects(rbac[things].delete(ADMIN, text), { code: 'not_found' });
      }
      await assert.rejects(rbac[things].find(name), { message: `There is no ${noun} "${name}".` });
    });

    it(`a ${noun} with a name or a description that is not plain is refused, naming the field`, async () => {
      const { rbac, statements } = await openRbac(open);
      for (const [given, field] of REFUSED) {
        const input = field === 'name' ? given : { ...given, name };
        await assert.rejects(rbac[things].create(ADMIN, input), (error) => {
          assert.ok(isServiceError(error, 'validation_failed'));
          assert.deepEqual(
            error.fields?.map((fault) => fault.field),
            [field],
          );
          return true;
        });
      }
      assert.deepEqual(statements, []);
    });
  }

  it('a description is counted in characters, whatever they take to store', async () => {
    const { rbac } = await openRbac(open);
    const description = '💥'.repeat(500);
    assert.equal((await rbac.roles.create(ADMIN, { name: 'reader', description })).description, description);
    assert.equal(
      (await rbac.permissions.create(ADMIN, { name: 'a:b', description })).description,
      description,
    );
  });

  it('a role cannot be named like an id, which would stand in for another', async () => {
    const { rbac } = await openRbac(open);
    const name = 'abcdefab-1234-4abc-8def-abcdefabcdef';
    await assert.rejects(rbac.roles.create(ADMIN, { name }), { code: 'validation_failed' });
  });

  it('a role in use is kept, saying by how many clients, unless forced', async () => {
    const { rbac, createClient, events } = await openRbac(open);
    await rbac.roles.create(ADMIN, { name: 'reader' });
    const clients = [await createClient('One'), await createClient('Two')];
    for (const client of clients) await rbac.grantRoleToClient(ADMIN, client, 'reader');
    await assert.rejects(rbac.roles.delete(ADMIN, 'reader'), {
      code: 'in_use',
      message: 'The role "reader" is still in use. It is held by 2 clients.',
    });
    await rbac.roles.delete(ADMIN, 'reader', { force: true });
    assert.equal((await rbac.clientRoles(clients[0] ?? '', ALL)).count, 0);
    assert.deepEqual((await events()).at(-1)?.detail, { name: 'reader', clients: 2, users: 0 });
  });

  it('a permission in use is kept, saying in which roles, unless forced', async () => {
    const { rbac, events } = await openRbac(open);
    await rbac.permissions.create(ADMIN, { name: 'orders:read' });
    for (const name of ['writer', 'reader']) {
      await rbac.roles.create(ADMIN, { name });
      await rbac.grantPermission(ADMIN, name, 'orders:read');
    }
    await assert.rejects(rbac.permissions.delete(ADMIN, 'orders:read'), {
      code: 'in_use',
      message: 'The permission "orders:read" is still in use. Roles hold it: reader, writer.',
    });
    await rbac.permissions.delete(ADMIN, 'orders:read', { force: true });
    assert.deepEqual((await events()).at(-1)?.detail, { name: 'orders:read', roles: ['reader', 'writer'] });
  });

  it('a deletion and a grant at once leave no role deleted while in use', async () => {
    const { rbac, rbacOver, openAnother, storage, createClient } = await openRbac(open);
    const other = rbacOver(await openAnother());
    const client = await createClient();
    for (let round = 0; round < 10; round++) {
      const name = `r${round}`;
      await rbac.roles.create(ADMIN, { name });
      const [deletion, grant] = await Promise.allSettled([
        rbac.roles.delete(ADMIN, name),
        other.grantRoleToClient(ADMIN, client, name),
      ]);
      const isThere = (await storage.roles.findByName(name)) !== null;
      const isHeld = (await rbac.clientRoles(client, ALL)).items.some((role) => role.name === name);
      assert.equal(deletion.status === 'fulfilled', !isThere);
      assert.equal(grant.status === 'fulfilled', isHeld);
      assert.equal(isThere, isHeld);
    }
  });
});
