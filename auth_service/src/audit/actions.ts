/** Every action an audit event can name. A name never changes its meaning. */
export const AUDIT_ACTIONS = {
  'client.created': 'A client was created; detail names its roles.',
  'client.updated': 'A client was changed; detail says which fields, never to what.',
  'client.deleted': 'A client was deleted, and with it its secrets and its roles.',
  'client.secret_added': 'A client was given another secret; detail says when those before it end.',
  'client.secret_removed': 'A secret of a client was removed; detail says whether it was still good.',
  'client.secret_upgraded': 'An imported secret hash was replaced by SHA-256 after its secret was presented.',
  'client.authentication_failed':
    'A request could not prove to be a client; detail says why. No subject: what it named is no client id.',
  'role.created': 'A role was created.',
  'role.updated': 'A role was renamed or described anew; detail says which fields.',
  'role.deleted': 'A role was deleted; when forced, detail says how many clients and users held it.',
  'role.granted': 'A role was given to the subject.',
  'role.removed': 'A role was taken from the subject.',
  'permission.created': 'A permission was created.',
  'permission.updated': 'A permission was renamed or described anew; detail says which fields.',
  'permission.deleted': 'A permission was deleted; when forced, detail names the roles that held it.',
  'permission.granted': 'A permission was given to a role.',
  'permission.removed': 'A permission was taken from a role.',
  'token.revoked':
    'A token was given up or revoked; the subject is the token, or the client whose refresh tokens ended.',
  'token.issued': 'An access token was issued; detail holds its id, scope and audience.',
  'token.refresh_token_reused':
    'A client used an old refresh token, so that all that came of the same beginning ended.',
  'user.registered':
    'A person registered; failure: the e-mail was known, and the answer did not say so where accounts wait for confirmation.',
  'user.logged_in': 'A person logged in; detail says how. The subject is the session.',
  'user.login_failed': 'Somebody could not prove to be a person; detail says why.',
  'user.logged_out':
    'Sessions were ended by their owner or an administrator; detail counts them and names up to 20.',
  'user.refresh_token_reused': 'An old refresh token was used, so its session was ended.',
  'user.password_changed': 'A person changed their password; their other sessions ended.',
  'user.profile_updated': 'A person changed their names; detail says which fields.',
  'user.created':
    'An administrator created a person; detail names the roles. Each that was assigned has its role.granted as well.',
  'user.updated':
    'An administrator changed a person; detail says which fields, and how many sessions ended with it.',
  'user.banned': 'A person was banned; detail says until when.',
  'user.unbanned': 'A ban was lifted.',
  'user.deleted': 'A person was deleted, by themselves or by an administrator.',
  'admin.bootstrapped':
    'The first administrator was made from the environment; detail says whether the account is new.',
  'access.refused':
    'A principal asked for what it may not do; detail says which operation and what it lacks. Recorded once a minute for each principal and operation: `collapsed` says how many were not since the one before.',
  'key.created': 'A signing key was created.',
  'backup.created': 'An archive of everything was written; detail counts its rows.',
  'backup.restored':
    'An archive took the place of all that was there but the audit; detail says of when it is. Every token and log-in until then ended.',
  'rate_limit.exceeded': 'A limit was exceeded for the first time in its window; detail names the limit.',
} as const satisfies Readonly<Record<string, string>>;

export type AuditAction = keyof typeof AUDIT_ACTIONS;

/** The catalogue as a page of documentation. */
export function renderAuditDocs(): string {
  const rows = Object.entries(AUDIT_ACTIONS).map(([action, meaning]) => `| \`${action}\` | ${meaning} |`);
  return `# Audit events

Each event is a row of \`auth_service_data.audit_events\`: when, which action, its outcome (\`success\` or \`failure\`), the
actor (\`user\`, \`client\`, \`system\` or \`anonymous\`) and its id, the subject it was done to, the request it belongs to,
the caller's address, and details as JSON. A change and its event are one transaction. Issued tokens and failures are
stored in batches, at most a second late; an event that cannot be stored is written to the log at level CRITICAL.

| Action | Meaning |
| --- | --- |
${rows.join('\n')}
`;
}
