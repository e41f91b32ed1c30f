/** The commands of the deployment guide's second option, as it prints them. */
export const GUIDE_KUBERNETES_SECRETS = `# First, base64 encode all your sensitive values
SUPABASE_URL_B64=$(echo -n "your-supabase-url" | base64 -w 0)
SUPABASE_ANON_KEY_B64=$(echo -n "your-anon-key" | base64 -w 0)
SUPABASE_SERVICE_ROLE_KEY_B64=$(echo -n "your-service-role-key" | base64 -w 0)
AUTH_SERVICE_DATABASE_URL_B64=$(echo -n "your-db-url" | base64 -w 0)
M2M_JWT_SECRET_KEY_B64=$(echo -n "your-jwt-secret" | base64 -w 0)
REDIS_URL_B64=$(echo -n "your-redis-url" | base64 -w 0)
DOCKER_REGISTRY="your-docker-registry" # e.g., your DockerHub username
IMAGE_TAG="latest"  # or specific version/git sha
AUTH_DOMAIN="auth.yourdomain.com"  # your auth service domain

# Apply the secrets with variable substitution using sed
cat k8s/secrets.yaml | \\
  sed "s|SUPABASE_URL_BASE64|$SUPABASE_URL_B64|g" | \\
  sed "s|SUPABASE_ANON_KEY_BASE64|$SUPABASE_ANON_KEY_B64|g" | \\
  sed "s|SUPABASE_SERVICE_ROLE_KEY_BASE64|$SUPABASE_SERVICE_ROLE_KEY_B64|g" | \\
  sed "s|AUTH_SERVICE_DATABASE_URL_BASE64|$AUTH_SERVICE_DATABASE_URL_B64|g" | \\
  sed "s|M2M_JWT_SECRET_KEY_BASE64|$M2M_JWT_SECRET_KEY_B64|g" | \\
  sed "s|REDIS_URL_BASE64|$REDIS_URL_B64|g" | \\
  kubectl apply -f -
`;

export const GUIDE_KUBERNETES_MANIFESTS = `# Apply deployment with image substitution
cat k8s/deployment.yaml | \\
  sed "s|DOCKER_REGISTRY|$DOCKER_REGISTRY|g" | \\
  sed "s|IMAGE_TAG|$IMAGE_TAG|g" | \\
  kubectl apply -f -

# Apply service as-is
kubectl apply -f k8s/service.yaml

# Apply ingress with domain substitution
cat k8s/ingress.yaml | \\
  sed "s|AUTH_DOMAIN_VALUE|$AUTH_DOMAIN|g" | \\
  kubectl apply -f -
`;

/** The names under which the guide keeps its values, and what it writes for each. */
export const GUIDE_KUBERNETES_VALUES = {
  SUPABASE_URL: 'your-supabase-url',
  SUPABASE_ANON_KEY: 'your-anon-key',
  SUPABASE_SERVICE_ROLE_KEY: 'your-service-role-key',
  AUTH_SERVICE_DATABASE_URL: 'your-db-url',
  M2M_JWT_SECRET_KEY: 'your-jwt-secret',
  REDIS_URL: 'your-redis-url',
} as const;
