import type pg from 'pg';

/** SQLSTATE: the server itself said no, as one that has no connection left. */
const SAID_BY_SERVER = /^[0-9A-Z]{5}$/;

/**
 * Whether there is anybody at the other end, found out with a connection of its own, made and given up at once. Who asks
 * while it is being found out shares the answer.
 */
export function createServerProbe(
  driver: typeof pg,
  timeoutMs: number,
): (connectionString: string) => Promise<boolean> {
  let asking: Promise<boolean> | null = null;

  async function ask(connectionString: string): Promise<boolean> {
    const client = new driver.Client({ connectionString, connectionTimeoutMillis: timeoutMs });
    client.on('error', () => {});
    try {
      await client.connect();
      // Nobody waits for the farewell.
      client.end().catch(() => {});
      return true;
    } catch (error) {
      return error instanceof Error && 'code' in error && SAID_BY_SERVER.test(String(error.code));
    }
  }

  return (connectionString) => {
    asking ??= ask(connectionString).finally(() => {
      asking = null;
    });
    return asking;
  };
}
