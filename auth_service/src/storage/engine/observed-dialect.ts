import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import { ServiceError } from '#errors';
import { translateError, unavailable } from './translate-error.ts';

/** The parameters may hold what must not be kept. */
export type OnStatement = (sql: string, parameters: readonly unknown[]) => void;

export interface DialectHooks {
  readonly onStatement?: OnStatement | undefined;
  /** Asked before a connection is taken; what it gives is called when the connection is given back. */
  readonly enter?: () => Promise<() => void>;
}

interface ObservedConnection extends DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly leave: (() => void) | undefined;
  hasFailed: boolean;
}

/**
 * One place for what both databases have in common: every statement is told before it is sent, no NUL character gets
 * through, and faults come out as `ServiceError`.
 */
export function observeDialect(dialect: Dialect, hooks: DialectHooks): Dialect {
  return {
    // Also for PGlite: whom its one connection belongs to is decided by `enter`, not by a lock of Kysely's.
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => observeDriver(dialect.createDriver(), hooks),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

function observeDriver(driver: Driver, hooks: DialectHooks): Driver {
  const tell: OnStatement = (sql, parameters) => hooks.onStatement?.(sql, parameters);

  return {
    init: () => translated(() => driver.init()),
    async acquireConnection() {
      const leave = await hooks.enter?.();
      try {
        return observeConnection(await driver.acquireConnection(), leave, tell);
      } catch (error) {
        leave?.();
        throw unavailable(error);
      }
    },
    async beginTransaction(connection, settings) {
      tell('begin', []);
      await translated(() => driver.beginTransaction(innerOf(connection), settings));
    },
    async commitTransaction(connection) {
      // PostgreSQL answers COMMIT with a silent ROLLBACK then; nobody may take that for success.
      if ((connection as ObservedConnection).hasFailed) {
        throw new Error('A statement of this transaction failed, and its error was swallowed.');
      }
      tell('commit', []);
      await translated(() => driver.commitTransaction(innerOf(connection)));
    },
    async rollbackTransaction(connection) {
      tell('rollback', []);
      // The connection is thrown away when this fails; the caller hears what made the transaction fail.
      await driver.rollbackTransaction(innerOf(connection)).catch(() => undefined);
    },
    async releaseConnection(connection) {
      const { inner, leave } = connection as ObservedConnection;
      try {
        await driver.releaseConnection(inner);
      } finally {
        leave?.();
      }
    },
    destroy: () => driver.destroy(),
  };
}

function observeConnection(
  inner: DatabaseConnection,
  leave: (() => void) | undefined,
  tell: OnStatement,
): ObservedConnection {
  const connection: ObservedConnection = {
    inner,
    leave,
    hasFailed: false,
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      refuseNul(query.parameters);
      tell(query.sql, query.parameters);
      try {
        return await inner.executeQuery<R>(query);
      } catch (error) {
        connection.hasFailed = true;
        throw translateError(error);
      }
    },
    streamQuery: (query, chunkSize) => inner.streamQuery(query, chunkSize),
  };
  return connection;
}

function innerOf(connection: DatabaseConnection): DatabaseConnection {
  return (connection as ObservedConnection).inner;
}

/** PostgreSQL cannot store it, and would say so in words of its own. */
function refuseNul(parameters: readonly unknown[]): void {
  for (const value of parameters) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw new ServiceError('validation_failed', 'Text must not contain NUL characters.');
    }
    if (Array.isArray(value)) refuseNul(value);
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateError(error);
  }
}
