import { ensureBuiltIns } from './bootstrap.ts';
import type { RbacDependencies } from './dependencies.ts';
import { createGrants } from './grants.ts';
import type { Rbac } from './index.ts';
import { PERMISSION, ROLE } from './kinds.ts';
import { createNamedThings } from './named-things.ts';

export { RBAC_LOCK, type RbacDependencies } from './dependencies.ts';

export function createRbac(dependencies: RbacDependencies): Rbac {
  return {
    roles: createNamedThings(ROLE, dependencies),
    permissions: createNamedThings(PERMISSION, dependencies),
    ...createGrants(dependencies),
    ensureBuiltIns: () => ensureBuiltIns(dependencies),
  };
}
