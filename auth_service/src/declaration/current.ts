import type { Client, Stores } from '#storage';

/** All of it: the lists that administrators page through end here. */
const EVERYTHING = { limit: 2_147_483_647, offset: 0 };

export interface CurrentRole {
  readonly id: string;
  readonly description: string | null;
  readonly permissions: readonly string[];
}

export interface CurrentClient extends Client {
  readonly roles: readonly string[];
}

export interface Current {
  /** Descriptions by name. */
  readonly permissions: ReadonlyMap<string, string | null>;
  readonly roles: ReadonlyMap<string, CurrentRole>;
  /** Oldest first. */
  readonly clients: readonly CurrentClient[];
}

/** Four statements, whatever there is. */
export async function readCurrent(stores: Stores): Promise<Current> {
  const permissions = await stores.permissions.list(EVERYTHING);
  const roles = await stores.roles.list(EVERYTHING);
  const grants = await stores.rolePermissions.all();
  const sort = { column: 'created_at', isDescending: false } as const;
  const clients = await stores.clients.list({ ...EVERYTHING, sort });
  const heldBy = Map.groupBy(grants, ({ roleId }) => roleId);
  return {
    permissions: new Map(permissions.items.map(({ name, description }) => [name, description])),
    roles: new Map(
      roles.items.map(({ id, name, description }) => [
        name,
        { id, description, permissions: (heldBy.get(id) ?? []).map((grant) => grant.name) },
      ]),
    ),
    clients: clients.items,
  };
}
