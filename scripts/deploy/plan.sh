#!/usr/bin/env bash
# Settles what is deployed where, out of ENVIRONMENT, PROVIDER, TARGET and REF, and prints it as the outputs of a step:
#   scripts/deploy/plan.sh >>"$GITHUB_OUTPUT"
set -euo pipefail
cd "$(dirname "$0")/../.."

faults=()
one_of() {
  local name=$1 value=$2
  shift 2
  local choice
  for choice in "$@"; do
    if [ "$choice" = "$value" ]; then return; fi
  done
  local shown="is none of them"
  if [ -z "$value" ]; then shown="is not set"; fi
  faults+=("$name $shown: ${*}. A push takes it from the repository variable DEPLOY_$name.")
}
one_of ENVIRONMENT "${ENVIRONMENT:-}" staging production
one_of PROVIDER "${PROVIDER:-}" aws digitalocean
one_of TARGET "${TARGET:-}" kubernetes compose
if [ "${ENVIRONMENT:-}" = production ] && [ "${REF:-}" != refs/heads/main ]; then
  faults+=("Production is deployed from main alone. Start the workflow there.")
fi
if [[ ! ${IMAGE_TAG:-} =~ ^[0-9a-f]{40}$ ]]; then
  faults+=("IMAGE_TAG has to be the full name of a commit.")
fi
if [ "${#faults[@]}" -gt 0 ]; then
  echo "This deployment cannot be planned:" >&2
  printf '  %s\n' "${faults[@]}" >&2
  exit 1
fi

printf '%s=%s\n' environment "$ENVIRONMENT" provider "$PROVIDER" target "$TARGET" \
  version "$(jq --raw-output .version auth_service/package.json)"
