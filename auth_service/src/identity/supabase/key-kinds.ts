/** Supabase's newer keys, which are no JWTs. */
export const isSecretKey = (key: string): boolean => key.startsWith('sb_secret_');
export const isPublishableKey = (key: string): boolean => key.startsWith('sb_publishable_');
