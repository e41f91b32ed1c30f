#!/usr/bin/env bash
# Asks a deployment, as anybody on the way to it would, whether it does its work: smoke.sh https://auth.example.com
#   EXPECTED_VERSION                    what /health has to name as its version
#   SMOKE_CLIENT_ID SMOKE_CLIENT_SECRET a client that has to be given a token; without it a wrong one has to be refused
#   SMOKE_TIMEOUT_SECONDS               how long it may take to come up, 300 unless set
set -euo pipefail

url=${1:?Usage: smoke.sh URL}
url=${url%/}
timeout=${SMOKE_TIMEOUT_SECONDS:-300}
if [[ ! $url =~ ^(https://|http://(127\.0\.0\.1|localhost)(:|$)) ]]; then
  echo "smoke.sh sends nothing in plain text over a network: $url is not https." >&2
  exit 2
fi

if [ -n "${SMOKE_CLIENT_ID:-}" ] && [ -z "${SMOKE_CLIENT_SECRET:-}" ]; then
  echo "SMOKE_CLIENT_ID is set, and SMOKE_CLIENT_SECRET is not." >&2
  exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
answer=$work/answer
trouble=''

# ask PATH-OR-URL [STATUS]: leaves the answer behind; further settings of curl come by standard input, where nobody sees
# them.
ask() {
  local target=$1 expected=${2:-200} status
  if [[ $target == /* ]]; then target=$url$target; fi
  : >"$answer"
  status=$(curl --config - --silent --show-error --output "$answer" --write-out '%{http_code}' --proto '=http,https' \
    --connect-timeout 5 --max-time 10 "$target" 2>"$work/curl") || {
    trouble="$target: $(<"$work/curl")"
    return 1
  }
  if [ "$status" != "$expected" ]; then
    trouble="$target answered $status, not $expected: $(jq --raw-output '.status? // .error? // .code? // empty' "$answer" 2>/dev/null || true)"
    return 1
  fi
}

# holds FILTER WHAT: whether the answer is so.
holds() {
  if jq --exit-status "$1" "$answer" >/dev/null 2>&1; then return; fi
  trouble=$2
  return 1
}

is_up() {
  ask /health </dev/null || return 1
  holds '.status == "ok" or .status == "degraded"' "/health says neither ok nor degraded" || return 1
  if [ -n "${EXPECTED_VERSION:-}" ]; then
    holds '.version == env.EXPECTED_VERSION' \
      "/health names version $(jq --raw-output '.version | tostring | .[:40]' "$answer"), not $EXPECTED_VERSION" || return 1
  fi
  cp "$answer" "$work/health"
  ask /health/ready </dev/null
}

publishes() {
  ask /.well-known/jwks.json </dev/null || return 1
  holds '.keys | type == "array"' "/.well-known/jwks.json holds no keys" || return 1
  ask /.well-known/oauth-authorization-server </dev/null || return 1
  issuer=$url holds '.issuer == env.issuer' \
    "The service takes itself for $(jq --raw-output '.issuer | tostring | .[:200]' "$answer"), not $url: see PUBLIC_URL" || return 1
  issuer=$url holds '.token_endpoint | startswith(env.issuer + "/")' "The metadata names no token endpoint of its own" ||
    return 1
  token_endpoint=$(jq --raw-output .token_endpoint "$answer")
}

# RFC 6749 §2.3.1: form-urlencoded, so that neither a quote nor a colon is left in it.
credentials() {
  printf 'user = "%s:%s"\n' "$(id=$1 jq -nr 'env.id | @uri')" "$(secret=$2 jq -nr 'env.secret | @uri')"
}

gives_tokens() {
  if [ -n "${SMOKE_CLIENT_ID:-}" ]; then
    { credentials "$SMOKE_CLIENT_ID" "$SMOKE_CLIENT_SECRET" && echo 'data = "grant_type=client_credentials"'; } >"$work/request"
    ask "$token_endpoint" <"$work/request" || return 1
    holds '(.token_type | ascii_downcase) == "bearer" and (.access_token | test("^[\\w-]+\\.[\\w-]+\\.[\\w-]+$"))' \
      "The token endpoint gave no token" || return 1
  else
    { credentials 00000000-0000-4000-8000-000000000000 wrong && echo 'data = "grant_type=client_credentials"'; } >"$work/request"
    ask "$token_endpoint" 401 <"$work/request" || return 1
    holds '.error == "invalid_client"' "The token endpoint refuses a wrong client in words that are not OAuth's" || return 1
  fi
}

# A wrong one may be the old one, which goes as soon as the new one has come; so all is asked again.
until is_up && publishes && gives_tokens; do
  if [ "$SECONDS" -ge "$timeout" ]; then
    echo "$url does not do its work after $timeout seconds. $trouble" >&2
    exit 1
  fi
  sleep "${SMOKE_INTERVAL_SECONDS:-5}"
done

jq --raw-output '"The service is \(.status), version \(.version)."' "$work/health"
jq --raw-output '.components | to_entries[] | select(.value.status == "degraded") | "Degraded: \(.key)"' "$work/health"
if [ -n "${SMOKE_CLIENT_ID:-}" ]; then
  echo "The smoke client was given a token."
else
  echo "A wrong client was refused. Set SMOKE_CLIENT_ID and SMOKE_CLIENT_SECRET to see a token given."
fi
