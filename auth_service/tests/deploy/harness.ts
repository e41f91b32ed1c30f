import { describe } from 'node:test';
import { skipReason } from '../support/databases.ts';
import { haproxySkipReason } from '../support/haproxy.ts';
import { redisSkipReason } from '../support/redis-server.ts';

/** A suite on processes of the service with all that stands around them in production: PostgreSQL, Redis and a proxy. */
export function describeDeployed(name: string, define: () => void): void {
  const skip = skipReason('postgres') ?? redisSkipReason() ?? haproxySkipReason();
  describe(name, skip === null ? {} : { skip }, define);
}
