import { Cluster } from 'ioredis';
import type { Complaints } from './complaints.ts';
import type { Connection } from './connection.ts';
import type { Guard } from './guard.ts';

/** Tells the guard how the connection is. */
export function watch(connection: Connection, guard: Guard, complaints: Complaints): void {
  connection.on('ready', () => guard.connected());
  connection.on('close', () => guard.lost('the connection was closed'));
  connection.on('error', (error: unknown) => {
    complaints.complain(error);
    guard.lost(complaints.describe(error));
  });
  // Of one node among others.
  if (connection instanceof Cluster) connection.on('node error', (error) => complaints.complain(error));
}
