import pg from 'pg';
import type { Config } from '#config';
import { socketFolder } from '../../src/storage/embedded/socket-path.ts';

export type RawRow = Record<string, unknown>;

/** SQL as text, past the stores; on the embedded database through the socket that its opener serves. */
export interface RawConnection {
  /** Several statements where there are no values. @returns the rows of the last. */
  query(sql: string, values?: readonly unknown[]): Promise<RawRow[]>;
  close(): Promise<void>;
}

export function openRawConnection(config: Config['database']): RawConnection {
  let connecting: Promise<pg.Client> | undefined;
  return {
    async query(sql, values) {
      connecting ??= connect(config);
      const client = await connecting;
      const result = await client.query(sql, values === undefined ? undefined : [...values]);
      const last = Array.isArray(result) ? result.at(-1) : result;
      return last?.rows ?? [];
    },
    async close() {
      await (await connecting)?.end();
    },
  };
}

/** A client for tests that play with the connection itself. Errors of a connection that is cut are not thrown. */
export async function connect(config: Config['database']): Promise<pg.Client> {
  const client = new pg.Client(
    config.kind === 'postgres'
      ? { connectionString: config.url }
      : { host: socketFolder(config.directory), user: 'postgres', database: 'postgres' },
  );
  client.on('error', () => {});
  await client.connect();
  return client;
}
