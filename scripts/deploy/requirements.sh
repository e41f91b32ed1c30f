#!/usr/bin/env bash
# Says which settings a deployment lacks: by name, all at once, and never what the others hold.
#   requirements.sh [--list] image|application|kubernetes|compose [PROVIDER]
# --list prints the names alone, and is content. MISSING holds names that somebody else has missed.
set -euo pipefail
here=$(dirname "$0")

list=false
if [ "${1:-}" = --list ]; then
  list=true
  shift
fi
what=${1:-}
provider=${2:-}

image=(DOCKERHUB_USERNAME DOCKERHUB_TOKEN)
application=(AUTH_DOMAIN SUPABASE_URL SUPABASE_ANON_KEY SUPABASE_SERVICE_ROLE_KEY AUTH_SERVICE_DATABASE_URL M2M_JWT_SECRET_KEY)
case "$what $provider" in
  "image ") needed=("${image[@]}") ;;
  "application ") needed=("${application[@]}") ;;
  "kubernetes aws")
    needed=("${application[@]}" REDIS_URL AWS_REGION EKS_CLUSTER_NAME)
    if [ -z "${AWS_ROLE_ARN:-}" ]; then needed+=(AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY); fi
    ;;
  "kubernetes digitalocean") needed=("${application[@]}" REDIS_URL DIGITALOCEAN_ACCESS_TOKEN DIGITALOCEAN_CLUSTER_NAME) ;;
  "kubernetes ") needed=("${application[@]}" REDIS_URL) ;;
  # Compose brings its own Redis; whose server it is makes no difference.
  compose*) needed=("${application[@]}" ACME_EMAIL SSH_HOST SSH_USER SSH_PRIVATE_KEY SSH_KNOWN_HOSTS) ;;
  *)
    echo "Usage: requirements.sh [--list] image|application|kubernetes|compose [aws|digitalocean]" >&2
    exit 2
    ;;
esac

read -r -a missing <<<"${MISSING:-}"
for name in "${needed[@]}"; do
  if [ -z "${!name:-}" ]; then missing+=("$name"); fi
done
if $list; then
  echo "${missing[*]}"
  exit
fi

malformed=()
# What becomes part of a command, a file or an address has to look like it.
check() {
  local name=$1 pattern=$2 remedy=$3
  local value=${!name:-}
  if [ -n "$value" ] && [[ ! $value =~ $pattern ]]; then malformed+=("$name: $remedy"); fi
}
check AUTH_DOMAIN '^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$' "the name of the host alone, as auth.example.com"
check ACME_EMAIL '^[^[:space:]"$\\]+@[^[:space:]"$\\]+$' "an e-mail address"
check DOCKER_REGISTRY '^[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?$' "a user or organisation at Docker Hub, in small letters"
check DOCKERHUB_USERNAME '^[A-Za-z0-9]+$' "a user of Docker Hub"
check SSH_HOST '^[A-Za-z0-9][A-Za-z0-9.:-]*$' "a host or an address, without user and port"
check SSH_PORT '^[0-9]+$' "a number"
check SSH_USER '^[a-z_][a-z0-9_-]*$' "the name of a user"
check DEPLOY_PATH '^[A-Za-z0-9_/][A-Za-z0-9_./-]*$' "a path of letters, digits, and _ . / -"
check SUPABASE_NETWORK '^[A-Za-z0-9][A-Za-z0-9_.-]*$' "a network that docker network ls shows"
check KUBE_NAMESPACE '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' "the name of a namespace"
for line in $(jq -n -r -L "$here" 'include "environment"; extra_faults[]'); do
  malformed+=("AUTH_SERVICE_EXTRA_ENV: line $line is not NAME=value")
done
if [ -n "${SMOKE_CLIENT_ID:-}" ] && [ -z "${SMOKE_CLIENT_SECRET:-}" ]; then missing+=(SMOKE_CLIENT_SECRET); fi
if [ -z "${SMOKE_CLIENT_ID:-}" ] && [ -n "${SMOKE_CLIENT_SECRET:-}" ]; then missing+=(SMOKE_CLIENT_ID); fi

if [ "${#missing[@]}" -eq 0 ] && [ "${#malformed[@]}" -eq 0 ]; then exit; fi
{
  if [ "${#missing[@]}" -gt 0 ]; then
    echo "This deployment lacks:"
    printf '  %s\n' "${missing[@]}"
  fi
  if [ "${#malformed[@]}" -gt 0 ]; then
    echo "This cannot be used:"
    printf '  %s\n' "${malformed[@]}"
  fi
  echo "What each of them is, and where it is set: docs/deploy/github-actions.md"
} >&2
exit 1
