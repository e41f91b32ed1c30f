#!/usr/bin/env bash
# Brings the image of the commit IMAGE_TAG to a server with Docker Compose, by SSH: files, migrations, start, smoke test.
# When one of these fails, what served before comes back, and this ends with 1. The part on the server: compose-host.sh
set -euo pipefail
umask 077
here=$(realpath "$(dirname "$0")")
cd "$here/../.."
"$here/requirements.sh" compose
registry=${DOCKER_REGISTRY:-${DOCKERHUB_USERNAME:?}}
path=${DEPLOY_PATH:-paservices/auth_service}
export EXPECTED_VERSION=${EXPECTED_VERSION-$(jq --raw-output .version auth_service/package.json)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s\n' "$SSH_PRIVATE_KEY" >"$work/key"
printf '%s\n' "$SSH_KNOWN_HOSTS" >"$work/known_hosts"

# Only the keys that were named are believed, and only ours is shown; nothing of the configuration of who runs this.
server() {
  ssh -F /dev/null -i "$work/key" -p "${SSH_PORT:-22}" -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
    -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$work/known_hosts" -o GlobalKnownHostsFile=/dev/null \
    -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=8 -o LogLevel=ERROR \
    "$SSH_USER@$SSH_HOST" "$@"
}
on_server() { server "bash '$path/.incoming/compose-host.sh' $1"; }

mkdir "$work/incoming"
cp "${STACK_FILE:-auth_service/docker-compose.prod.yml}" "$work/incoming/docker-compose.prod.yml"
cp "$here/compose-host.sh" "$work/incoming"
{
  printf '%s=%s\n' ACME_EMAIL "$ACME_EMAIL" AUTH_DOMAIN "$AUTH_DOMAIN" DOCKER_REGISTRY "$registry" IMAGE_TAG "$IMAGE_TAG"
  if [ -n "${SUPABASE_NETWORK:-}" ]; then printf '%s=%s\n' SUPABASE_NETWORK "$SUPABASE_NETWORK"; fi
} >"$work/incoming/env"
{
  echo "# Written by scripts/deploy/compose.sh; what is changed here is lost with the next deployment."
  jq -n -r -L "$here" 'include "environment";
    named(["SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "AUTH_SERVICE_DATABASE_URL",
      "M2M_JWT_SECRET_KEY"]) + extra | dotenv'
} >"$work/incoming/env.production"

roll_back() {
  echo "$1" >&2
  on_server roll-back </dev/null >&2 || echo "THE ROLL-BACK FAILED. Somebody has to look, on $SSH_HOST in $path." >&2
  exit 1
}

tar --create --directory "$work/incoming" --file - . |
  server "umask 077 && mkdir -p '$path' && rm -rf '$path/.incoming' && mkdir '$path/.incoming' && tar -xf - -C '$path/.incoming'"
on_server check </dev/null
printf '%s' "${DOCKERHUB_TOKEN:-}" | on_server "deploy '${DOCKERHUB_USERNAME:-}'" || roll_back "The deployment failed."
"$here/smoke.sh" "https://$AUTH_DOMAIN" || roll_back "The smoke test failed."
on_server accept </dev/null
echo "$registry/paservices-auth:$IMAGE_TAG serves."
