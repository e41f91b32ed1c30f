import type { Actor } from '#audit';
import type { Role, TransactionStores } from '#storage';
import { ADMIN_PERMISSION, ADMIN_ROLE, BUILT_IN_PERMISSIONS, BUILT_IN_ROLES } from './built-ins.ts';
import { RBAC_LOCK, type RbacDependencies } from './dependencies.ts';
import { type Kind, PERMISSION, ROLE } from './kinds.ts';

const BOOTSTRAP_LOCK = 'bootstrap';
const SYSTEM: Actor = { type: 'system', id: null };

interface BuiltIn {
  readonly name: string;
  readonly description: string;
}

/** What is there of one kind after the built-ins were made. */
interface Ensured {
  readonly present: ReadonlyMap<string, Role>;
  /** Names this database had not had before. */
  readonly fresh: readonly string[];
  /** Names that were missing until now. */
  readonly created: readonly string[];
}

/**
 * Each built-in is made once in the life of a database and marked, so that what an administrator removes stays removed
 * and what a later version brings arrives. Two are exempt, since nobody could govern without them: the admin role and
 * its `role:admin_manage`.
 */
export async function ensureBuiltIns(dependencies: RbacDependencies): Promise<void> {
  await dependencies.storage.transaction(async (stores) => {
    await stores.lock(BOOTSTRAP_LOCK);
    await stores.lock(RBAC_LOCK);
    const marks = new Set((await stores.bootstrapMarks.list()).map(({ name }) => name));
    const ensure = (kind: Kind, builtIns: readonly BuiltIn[]) =>
      ensureKind({ stores, kind, builtIns, marks, dependencies });
    const permissions = await ensure(PERMISSION, BUILT_IN_PERMISSIONS);
    const roles = await ensure(ROLE, BUILT_IN_ROLES);
    const admin = roles.present.get(ADMIN_ROLE);
    if (admin === undefined) throw new Error('The admin role is missing after it was made.');
    const isNewAdmin = roles.created.includes(ADMIN_ROLE);
    const due = isNewAdmin ? [...permissions.present.keys()] : [...permissions.fresh, ADMIN_PERMISSION];
    for (const name of due) {
      const permission = permissions.present.get(name);
      if (permission !== undefined) await grant({ stores, admin, permission, dependencies });
    }
  });
}

async function ensureKind(task: {
  stores: TransactionStores;
  kind: Kind;
  builtIns: readonly BuiltIn[];
  marks: ReadonlySet<string>;
  dependencies: RbacDependencies;
}): Promise<Ensured> {
  const { stores, kind, builtIns, marks, dependencies } = task;
  const found = await kind.store(stores).findByNames(builtIns.map(({ name }) => name));
  const present = new Map(found.map((thing) => [thing.name, thing]));
  const fresh: string[] = [];
  const created: string[] = [];
  for (const builtIn of builtIns) {
    const mark = `${kind.noun}:${builtIn.name}`;
    const isFresh = !marks.has(mark);
    if (isFresh) {
      fresh.push(builtIn.name);
      await stores.bootstrapMarks.set(mark, dependencies.now());
    }
    if (present.has(builtIn.name) || !(isFresh || builtIn.name === kind.kept)) continue;
    created.push(builtIn.name);
    present.set(builtIn.name, await make(stores, kind, builtIn, dependencies));
  }
  return { present, fresh, created };
}

async function make(
  stores: TransactionStores,
  kind: Kind,
  { name, description }: BuiltIn,
  { audit, now, random }: RbacDependencies,
): Promise<Role> {
  const at = now();
  const made = await kind
    .store(stores)
    .insert({ id: random.uuid(), name, description, createdAt: at, updatedAt: at });
  await audit.record(stores, {
    action: `${kind.noun}.created`,
    actor: SYSTEM,
    subject: { type: kind.noun, id: made.id },
    detail: { name, built_in: true },
  });
  return made;
}

async function grant(task: {
  stores: TransactionStores;
  admin: Role;
  permission: Role;
  dependencies: RbacDependencies;
}): Promise<void> {
  const { stores, admin, permission, dependencies } = task;
  const link = { roleId: admin.id, permissionId: permission.id, assignedAt: dependencies.now() };
  if (!(await stores.rolePermissions.add(link))) return;
  await dependencies.audit.record(stores, {
    action: 'permission.granted',
    actor: SYSTEM,
    subject: { type: 'role', id: admin.id },
    detail: { role: admin.name, permission: permission.name, permission_id: permission.id },
  });
}
