import { type Kysely, type Selectable, sql } from 'kysely';
import type { Client, ClientForToken, ClientSecret, NewClient } from '../records.ts';
import type { ClientStore } from '../stores.ts';
import type { AppClientsTable, Tables } from '../tables.ts';
import { contains, countAll, listPage, orderOf } from './paging.ts';
import { isUuid } from './uuid.ts';

export function createClientStore(db: Kysely<Tables>, now: () => Date): ClientStore {
  return {
    async insert(client) {
      const row = await db
        .insertInto('app_clients')
        .values(toRow(client))
        .returningAll()
        .executeTakeFirstOrThrow();
      return toClient(row);
    },

    async find(id) {
      if (!isUuid(id)) return null;
      const row = await db.selectFrom('app_clients').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toClient(row);
    },

    list(page) {
      const { q = '', limit, offset, sort = NEWEST_FIRST } = page;
      const found = db
        .selectFrom('app_clients')
        .$if(q !== '', (query) => query.where((eb) => contains(eb, ['client_name', 'description'], q)));
      const readPage = async () => {
        const [column, direction] = orderOf(sort);
        // The page is chosen among ids: roles are looked up for its own rows alone.
        const chosen = found
          .select('id')
          .orderBy(column, direction)
          .orderBy('id', direction)
          .limit(limit)
          .offset(offset);
        const rows = await db
          .selectFrom(chosen.as('page'))
          .innerJoin('app_clients', 'app_clients.id', 'page.id')
          .selectAll('app_clients')
          .select(rolesOf('app_clients.id'))
          .orderBy(`app_clients.${column}`, direction)
          .orderBy('app_clients.id', direction)
          .execute();
        return rows.map((row) => ({ ...toClient(row), roles: row.roles }));
      };
      // In an order that only an index has: else the whole table would be read to count it.
      const all = db.selectFrom('app_clients').select('id').orderBy('id').as('everything');
      return listPage(page, readPage, () =>
        (q ? found.select(countAll) : db.selectFrom(all).select(countAll)).executeTakeFirstOrThrow(),
      );
    },

    async update(id, columns) {
      if (!isUuid(id)) return null;
      const row = await db
        .updateTable('app_clients')
        .set(toColumns(columns))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : toClient(row);
    },

    async delete(id) {
      if (!isUuid(id)) return false;
      const { numDeletedRows } = await db.deleteFrom('app_clients').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },

    findForToken: (id) => findForToken(db, id, now()),
  };
}

const NEWEST_FIRST = { column: 'created_at', isDescending: true } as const;

interface TokenRow extends Selectable<AppClientsTable> {
  rights_revision: string | number;
  secrets: StoredSecret[];
  roles: string[];
  permissions: string[];
}

/** As `json_build_object` gives it: times are text. */
interface StoredSecret extends Omit<ClientSecret, 'createdAt' | 'expiresAt' | 'lastUsedAt'> {
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
}

async function findForToken(db: Kysely<Tables>, id: string, now: Date): Promise<ClientForToken | null> {
  if (!isUuid(id)) return null;
  const { rows } = await sql<TokenRow>`
    select client.*,
      (select value from ${sql.table('auth_service_data.rights_revision')}) as rights_revision,
      (select coalesce(json_agg(json_build_object(
          'id', secret.id, 'clientId', secret.client_id, 'algorithm', secret.algorithm, 'hash', secret.hash,
          'hint', secret.hint, 'createdAt', secret.created_at, 'expiresAt', secret.expires_at,
          'lastUsedAt', secret.last_used_at) order by secret.created_at desc, secret.id desc), '[]')
        from ${sql.table('auth_service_data.app_client_secrets')} secret
        where secret.client_id = client.id and (secret.expires_at is null or secret.expires_at > ${now})
      ) as secrets,
      (select coalesce(array_agg(role.name order by role.name), '{}')
        from ${sql.table('auth_service_data.app_client_roles')} held
        join ${sql.table('auth_service_data.roles')} role on role.id = held.role_id
        where held.client_id = client.id
      ) as roles,
      (select coalesce(array_agg(distinct permission.name order by permission.name), '{}')
        from ${sql.table('auth_service_data.app_client_roles')} held
        join ${sql.table('auth_service_data.role_permissions')} granted on granted.role_id = held.role_id
        join ${sql.table('auth_service_data.permissions')} permission on permission.id = granted.permission_id
        where held.client_id = client.id
      ) as permissions
    from ${sql.table('auth_service_data.app_clients')} client
    where client.id = ${id}`.execute(db);
  const [row] = rows;
  if (row === undefined) return null;
  const { secrets, roles, permissions } = row;
  const rightsRevision = Number(row.rights_revision);
  return { client: toClient(row), secrets: secrets.map(toSecret), roles, permissions, rightsRevision };
}

function toSecret(stored: StoredSecret): ClientSecret {
  const { createdAt, expiresAt, lastUsedAt } = stored;
  return {
    ...stored,
    createdAt: new Date(createdAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    lastUsedAt: lastUsedAt === null ? null : new Date(lastUsedAt),
  };
}

function rolesOf(client: string) {
  return sql<string[]>`(
    select coalesce(array_agg(role.name order by role.name), '{}')
    from ${sql.table('auth_service_data.app_client_roles')} held
    join ${sql.table('auth_service_data.roles')} role on role.id = held.role_id
    where held.client_id = ${sql.ref(client)})`.as('roles');
}

function toRow(client: NewClient) {
  return { ...toColumns(client), id: client.id, created_at: client.createdAt };
}

function toColumns(client: Omit<Client, 'id' | 'createdAt'>) {
  return {
    client_name: client.name,
    description: client.description,
    is_active: client.isActive,
    allowed_callback_urls: client.allowedCallbackUrls,
    allowed_resources: client.allowedResources,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    token_lifetime_seconds: client.tokenLifetimeSeconds,
    rate_limit: client.rateLimit,
    refresh_tokens: client.refreshTokens,
    jwks: client.jwks === null ? null : JSON.stringify(client.jwks),
    jwks_uri: client.jwksUri,
    updated_at: client.updatedAt,
  };
}

function toClient(row: Selectable<AppClientsTable>): Client {
  return {
    id: row.id,
    name: row.client_name,
    description: row.description,
    isActive: row.is_active,
    allowedCallbackUrls: row.allowed_callback_urls,
    allowedResources: row.allowed_resources,
    tokenEndpointAuthMethod: row.token_endpoint_auth_method,
    tokenLifetimeSeconds: row.token_lifetime_seconds,
    rateLimit: row.rate_limit,
    refreshTokens: row.refresh_tokens,
    jwks: row.jwks,
    jwksUri: row.jwks_uri,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
