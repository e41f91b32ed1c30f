import type { Grant } from './grant.ts';

/**
 * RFC 6749 §4.4: the client acts for itself.
 * A narrowed token names no role: a consumer that decides by role would give back what was left out.
 */
export const clientCredentials: Grant = {
  type: 'client_credentials',
  policy: { requires: [], resumes: false, takesScope: true, takesResource: true },
  authorize: ({ client, roles, permissions, scopes }) =>
    scopes === null
      ? { subject: client.id, roles, permissions }
      : { subject: client.id, roles: [], permissions: scopes },
};
