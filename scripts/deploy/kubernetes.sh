#!/usr/bin/env bash
# Rolls the image of the commit IMAGE_TAG out to the cluster that kubectl speaks to: kubernetes.sh aws|digitalocean|microk8s
# Secrets, manifests, rollout, smoke test. When one of these fails, what served before comes back, and this ends with 1.
set -euo pipefail
umask 077
here=$(realpath "$(dirname "$0")")
cd "$here/../.."

case "${1:-}" in
  aws) overlay=eks ;;
  digitalocean | microk8s) overlay=$1 ;;
  *)
    echo "Usage: kubernetes.sh aws|digitalocean|microk8s" >&2
    exit 2
    ;;
esac
"$here/requirements.sh" kubernetes
registry=${DOCKER_REGISTRY:-${DOCKERHUB_USERNAME:?}}
namespace=${KUBE_NAMESPACE:-default}
export EXPECTED_VERSION=${EXPECTED_VERSION-$(jq --raw-output .version auth_service/package.json)}
image=$registry/paservices-auth:$IMAGE_TAG

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cluster() { kubectl --namespace "$namespace" "$@"; }

# The newest revision that has pods to serve with: after a rollout that failed, or was given up, not the newest of all.
serving_revision() {
  cluster get replicasets --selector app=paservices --output json | jq --raw-output '
    [.items[]
      | select(any(.metadata.ownerReferences[]?; .kind == "Deployment" and .name == "paservices"))
      | select((.status.availableReplicas // 0) > 0)
      | .metadata.annotations["deployment.kubernetes.io/revision"] | tonumber] | max // empty'
}

# keep_secret NAME: as it is now, for the way back.
keep_secret() {
  cluster get secret "$1" --ignore-not-found --output json >"$work/$1.live"
  jq 'del(.metadata | .resourceVersion, .uid, .creationTimestamp, .managedFields)' "$work/$1.live" >"$work/$1.before"
}

# apply_secret NAME VALUES: on the server, since an apply of the client prints what it could not apply.
apply_secret() {
  jq -n -L "$here" 'include "environment"; secret($name; '"$2"')' --arg name "$1" |
    cluster apply --server-side --force-conflicts --field-manager=deploy --filename -
}

apply_secrets() {
  apply_secret paservices-secrets 'named(["SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY",
    "AUTH_SERVICE_DATABASE_URL", "M2M_JWT_SECRET_KEY", "REDIS_URL"])' || return 1
  if [ -n "${AUTH_SERVICE_EXTRA_ENV:-}" ]; then apply_secret paservices-extra extra; fi
}

# What stands in for the placeholders was checked to be made of harmless characters.
apply_manifests() {
  cluster kustomize "${MANIFESTS:-k8s/overlays/$overlay}" >"$work/manifests" || return 1
  sed --in-place -e "s|DOCKER_REGISTRY|$registry|g" -e "s|IMAGE_TAG|$IMAGE_TAG|g" -e "s|AUTH_DOMAIN_VALUE|$AUTH_DOMAIN|g" \
    "$work/manifests" || return 1
  cluster apply --filename - <"$work/manifests" || return 1
  # The same image again: nothing in the Deployment says that its secrets are others now.
  if [ "$image_before" = "$image" ]; then cluster rollout restart deployment/paservices; fi
}

put_secret_back() {
  if [ -s "$work/$1.before" ]; then
    cluster replace --filename "$work/$1.before"
  else
    cluster delete secret "$1" --ignore-not-found
  fi
}

roll_back() {
  echo "$1" >&2
  cluster get pods --selector app=paservices >&2 || true
  cluster logs --selector app=paservices --all-containers --prefix --tail=30 >&2 || true
  if [ -z "$revision_before" ]; then
    echo "Nothing served before, so there is nothing to roll back to. It stays as it is, to be looked at." >&2
    exit 1
  fi
  echo "Rolling back to revision $revision_before." >&2
  local back=true
  put_secret_back paservices-secrets >&2 || back=false
  if [ -n "${AUTH_SERVICE_EXTRA_ENV:-}" ]; then put_secret_back paservices-extra >&2 || back=false; fi
  cluster rollout undo deployment/paservices "--to-revision=$revision_before" >&2 || back=false
  cluster rollout status deployment/paservices --timeout=12m >&2 || back=false
  if $back; then
    echo "Revision $revision_before serves again." >&2
  else
    echo "THE ROLL-BACK FAILED TOO. Somebody has to look: kubectl rollout history deployment/paservices" >&2
  fi
  exit 1
}

revision_before=$(serving_revision)
image_before=$(cluster get deployment paservices --ignore-not-found --output \
  'jsonpath={.spec.template.spec.containers[?(@.name=="auth-service")].image}')
keep_secret paservices-secrets
keep_secret paservices-extra
echo "Rolling out $image; ${revision_before:-nothing}${revision_before:+ is the revision that} serves now."

apply_secrets || roll_back "The secrets could not be applied."
apply_manifests || roll_back "The manifests could not be applied."
cluster rollout status deployment/paservices --timeout=15m || roll_back "The rollout failed."
"$here/smoke.sh" "https://$AUTH_DOMAIN" || roll_back "The smoke test failed."
echo "$image serves."
