import { clientCredentials } from './client-credentials.ts';
import type { Grant } from './grant.ts';

/** RFC 6749 §6: the client acts for itself still, within what it was given before. */
export const refreshToken: Grant = {
  type: 'refresh_token',
  policy: { requires: ['refresh_token'], resumes: true, takesScope: true, takesResource: true },
  authorize: clientCredentials.authorize,
};
