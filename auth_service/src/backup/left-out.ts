interface Choice {
  readonly withAudit: boolean;
  readonly withSupabaseAuth: boolean;
  readonly identity: 'supabase' | 'embedded';
}

/** What somebody who trusts a backup must know before the day that it is needed. */
export function whatIsLeftOut({ withAudit, withSupabaseAuth, identity }: Choice): string[] {
  const left = [
    'ENCRYPTION_KEY and M2M_JWT_SECRET_KEY, which open the signing keys in it: keep them apart from it, and safe.',
    'Log-ins and refresh tokens: after a restore everybody logs in again.',
  ];
  if (!withAudit) left.push('The audit: who did what.');
  if (identity === 'supabase' && !withSupabaseAuth) {
    left.push(
      "Supabase's accounts (e-mail addresses, passwords, factors): back up Supabase's own database, or add --with-supabase-auth.",
    );
  }
  if (identity === 'supabase') {
    left.push(
      'All else of Supabase: its settings, storage, and your own tables, which its own backups hold.',
    );
  }
  return left;
}
