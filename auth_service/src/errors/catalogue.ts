/**
 * Every error the product can answer with: a stable code and the sentence that is shown when the thrower gives none.
 * A code never changes its meaning. The words of HTTP (status, headers) belong to `http/replies`.
 * OAuth codes are those of RFC 6749 §5.2, RFC 6750 §3.1 and RFC 8707 §2.
 */
export const CATALOGUE = {
  // OAuth
  invalid_request: 'The request is malformed.',
  invalid_client: 'Client authentication failed.',
  invalid_grant: 'The grant is invalid, expired or revoked.',
  unauthorized_client: 'This client may not use this grant.',
  unsupported_grant_type: 'This grant type is not supported.',
  invalid_scope: 'The requested scope exceeds what the client holds.',
  invalid_target: 'The requested resource is not allowed for this client.',
  invalid_token: 'The token is malformed, expired, or not meant for this service.',

  // People, in GoTrue's words where it has one
  no_authorization: 'This route needs an access token: Authorization: Bearer …',
  invalid_credentials: 'The e-mail or the password is wrong.',
  email_not_confirmed: 'The e-mail address is not confirmed yet. Look into your mail.',
  email_exists: 'An account with this e-mail address exists already.',
  username_taken: 'This username is taken.',
  weak_password: 'This password is too weak.',
  same_password: 'The new password is the old one.',
  reauthentication_needed:
    'This needs a fresh proof of who you are: log in again, or send the current password.',
  current_password_invalid: 'The current password is wrong.',
  refresh_token_not_found: 'This refresh token is unknown, or its session has ended. Log in again.',
  refresh_token_already_used: 'This refresh token was used before, so its session has ended. Log in again.',
  registration_disabled: 'Nobody can register here by themselves.',
  insufficient_aal: 'This needs a second factor: log in with it first.',
  sessions_not_readable:
    'Log-ins cannot be listed here: this service may not read them from Supabase. Whoever operates it finds out why with: auth-service doctor supabase',
  insufficient_permission: 'This needs a permission that you do not hold.',
  exceeds_own_rights: 'This carries more than you hold yourself. Ask somebody who holds it.',
  own_credentials:
    'Your own e-mail and password are not changed here. Your password: PUT /auth/users/password/update. Your e-mail: ask another administrator.',
  last_administrator: 'This is the last administrator. Make another one first.',
  administrator_unconfirmed:
    'The account of INITIAL_ADMIN_EMAIL exists, and its holder never proved to own the address. Name another address, or delete the account.',

  // Requests
  validation_failed: 'The request has invalid fields.',
  malformed_body: 'The body could not be read.',
  body_too_large: 'The body is larger than 1 MB.',
  unsupported_media_type: 'This content type is not supported.',
  request_timeout: 'The request took too long to arrive.',
  headers_too_large: 'The headers of the request are too large.',
  not_found: 'There is nothing here.',
  method_not_allowed: 'This path does not answer this method.',
  already_exists: 'It exists already.',
  in_use: 'It is still in use.',
  precondition_failed: 'It was changed since you read it. Read it again, then repeat your change.',
  built_in: 'This one is built in and cannot be changed.',
  rate_limited: 'Too many requests. Try again later.',

  // The service itself
  overloaded: 'Too many passwords are being checked right now. Try again in a moment.',
  internal: 'Something went wrong on our side.',
  starting: 'The service is starting.',
  stopping: 'The service is stopping.',
  schema_behind: 'The database schema is behind this version. Run: auth-service migrate up',
  schema_incompatible: 'The database schema belongs to a newer version that this one cannot run on.',
  migration_altered: 'A migration that was applied differs from the file of this version.',
  migration_failed: 'A migration of the database schema failed.',
  database_unavailable: 'The database cannot be reached.',
  data_folder_locked: 'Another process uses this data folder.',
  target_in_use: 'A server runs on this database.',
  target_not_empty: 'This database is not empty.',
  archive_damaged:
    'This is no whole archive of a backup: it was cut, altered or damaged. Nothing was changed.',
  archive_locked:
    'The passphrase does not open this archive. Set BACKUP_PASSPHRASE to the one that it was made with.',
  archive_unwritable: 'The archive could not be written.',
  archive_too_new: 'This archive was made by a newer version.',
  archive_misfit: 'This archive does not fit this database.',
  revocations_unknown: 'Whether this token was revoked cannot be told right now. Try again in a moment.',
  identity_unavailable: 'The identity server cannot be reached. Try again in a moment.',
  identity_misconfigured:
    'The identity server does not take what this service sends it. Whoever operates it finds out why with: auth-service doctor supabase',
  identity_refused: 'The identity server refuses this.',
  public_url_missing: 'PUBLIC_URL is not set, and this answer is built from it.',
  encryption_key_mismatch: 'No configured ENCRYPTION_KEY opens what is stored.',
  sealed_data_damaged: 'Sealed data was altered or damaged.',
} as const;

export type ErrorCode = keyof typeof CATALOGUE;
