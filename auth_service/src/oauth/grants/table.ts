import { clientCredentials } from './client-credentials.ts';
import type { Grant } from './grant.ts';
import { refreshToken } from './refresh-token.ts';

/** Every grant that the token endpoint answers, by its `grant_type`. */
export const GRANTS: ReadonlyMap<string, Grant> = new Map(
  [clientCredentials, refreshToken].map((grant) => [grant.type, grant]),
);
