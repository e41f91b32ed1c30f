-- The image leaves this role without a password, with which Supabase Auth could not connect.
\getenv password POSTGRES_PASSWORD
alter role supabase_auth_admin password :'password';
