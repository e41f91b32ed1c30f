import { describe } from 'node:test';
import { skipReason } from '../support/databases.ts';
import { redisSkipReason } from '../support/redis-server.ts';

/** A suite on several processes of the service, which need PostgreSQL and, for most of it, Redis. */
export function describeReplicas(name: string, define: () => void): void {
  const skip = skipReason('postgres') ?? redisSkipReason();
  describe(name, skip === null ? {} : { skip }, define);
}
