#!/usr/bin/env bash
# The part of scripts/deploy/compose.sh that runs on the server, in the folder that it was brought to (.incoming):
#   check              whether what is there may be replaced
#   deploy USER        replaces it, migrates, starts; a token of Docker Hub comes by standard input
#   accept             keeps what runs now, as what to come back to
#   roll-back          comes back to it
set -euo pipefail
umask 077
incoming=$(realpath "$(dirname "$0")")
cd "$incoming/.."
files=(docker-compose.prod.yml .env .env.production)
written='# Written by scripts/deploy/compose.sh'

exec 9>.deploy.lock
flock --nonblock 9 || {
  echo "Another deployment is at work on this server." >&2
  exit 1
}

compose() { docker compose --file docker-compose.prod.yml "$@"; }
# Returns once everything is healthy, or has done what it was for.
start() { compose up --detach --no-build --wait --wait-timeout 300 </dev/null; }

check() {
  docker compose version </dev/null >/dev/null || {
    echo "There is no Docker Compose on this server: https://docs.docker.com/engine/install/" >&2
    exit 1
  }
  if [ -e .env.production ] && ! grep --quiet "^$written" .env.production; then
    echo "$PWD/.env.production was written by hand. Put what it holds beyond the secrets of the application" >&2
    echo "into the secret AUTH_SERVICE_EXTRA_ENV, then move it away." >&2
    exit 1
  fi
}

# Lines of .env that the deployment does not know, as EDGE_SUBNET, stay.
merge_env() {
  touch .env
  local names
  names=$(cut --delimiter== --fields=1 "$incoming/env" | paste --serial --delimiters='|')
  { grep --invert-match --extended-regexp "^($names)=" .env || true; } | cat - "$incoming/env" >.env.new
  mv .env.new .env
}

setting() { sed --quiet "s/^$1=//p" "$incoming/env"; }

pull() {
  local token configuration
  token=$(cat)
  # A log-in for this alone: what is not kept on the server cannot be taken from it.
  configuration=$(mktemp -d)
  # shellcheck disable=SC2064 # as it is named now
  trap "rm -rf '$configuration'" EXIT
  if [ -n "$token" ]; then
    docker --config "$configuration" login --username "$1" --password-stdin <<<"$token" >/dev/null
  fi
  docker --config "$configuration" pull --quiet "$(setting DOCKER_REGISTRY)/paservices-auth:$(setting IMAGE_TAG)" </dev/null
}

deploy() {
  check
  pull "$1"
  cp "$incoming/docker-compose.prod.yml" docker-compose.prod.yml
  cp "$incoming/env.production" .env.production
  merge_env
  # Before the new one starts. The old one serves meanwhile, and goes on when this fails.
  compose run --rm -T auth_service auth-service migrate up </dev/null
  start
}

accept() {
  rm -rf .deployed.new
  mkdir .deployed.new
  cp "${files[@]}" .deployed.new
  rm -rf .deployed
  mv .deployed.new .deployed
  rm -rf .incoming
}

roll_back() {
  compose ps --all </dev/null || true
  compose logs --no-color --tail 30 auth_service </dev/null || true
  if [ ! -d .deployed ]; then
    echo "Nothing was deployed before, so there is nothing to roll back to. It stays as it is, to be looked at."
    return
  fi
  local file
  for file in "${files[@]}"; do cp ".deployed/$file" "$file"; done
  echo "Rolling back to $(grep ^IMAGE_TAG= .env)"
  start
  rm -rf .incoming
  echo "It serves again."
}

case "${1:-}" in
  check) check ;;
  deploy) deploy "${2:-}" ;;
  accept) accept ;;
  roll-back) roll_back ;;
  *)
    echo "Usage: compose-host.sh check | deploy USER | accept | roll-back" >&2
    exit 2
    ;;
esac
