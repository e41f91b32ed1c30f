import type { GotrueDouble } from '../support/gotrue/double.ts';
import type { Environment } from './command-line.ts';

/** What points a command to the double. */
export function supabaseEnvironment({ url, anonKey, serviceRoleKey }: GotrueDouble): Environment {
  return {
    IDENTITY: 'supabase',
    SUPABASE_URL: url,
    SUPABASE_ANON_KEY: anonKey,
    SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey,
  };
}
