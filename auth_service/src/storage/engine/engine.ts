import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';

/** A database that is open: the same to everything above, whichever of the two it is. */
export interface Engine {
  readonly kind: 'postgres' | 'embedded';
  /** Its tables are those of our schema, whatever the session's search_path says. */
  readonly db: Kysely<Tables>;
  /** Runs schema changes: past the pooler where one stands in front, and without the limits set for requests. */
  withSchemaDatabase<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** How long a question to a healthy database may take, in milliseconds. */
  readonly checkTimeoutMs: number;
  close(): Promise<void>;
}
