/** `.env.production` as the deployment guide prints it. */
export const GUIDE_ENVIRONMENT = `
# Self-hosted Supabase connection
SUPABASE_URL=https://your_domain.com
SUPABASE_ANON_KEY=your_anon_key
SUPABASE_SERVICE_ROLE_KEY=your_service_role_key

# Database connection (to the same Postgres database that Supabase uses)
AUTH_SERVICE_DATABASE_URL=postgresql+asyncpg://postgres:your_secure_db_password@db:5432/postgres

# JWT secrets
M2M_JWT_SECRET_KEY=your_secure_jwt_secret_for_m2m

# Admin user setup
INITIAL_ADMIN_EMAIL=admin@your_domain.com
INITIAL_ADMIN_PASSWORD=secure_admin_password

# API configuration
ROOT_PATH=/api/v1
ENVIRONMENT=production
LOGGING_LEVEL=INFO

# Rate limiting
RATE_LIMIT_LOGIN=20/minute
RATE_LIMIT_REGISTER=10/minute
RATE_LIMIT_TOKEN=30/minute
RATE_LIMIT_PASSWORD_RESET=5/minute
`;
