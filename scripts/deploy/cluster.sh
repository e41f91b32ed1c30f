#!/usr/bin/env bash
# Writes the way to the cluster of a provider into the file KUBECONFIG: cluster.sh aws|digitalocean
set -euo pipefail
umask 077
: "${KUBECONFIG:?Name the file to write in KUBECONFIG}"

# DigitalOcean's interface, without doctl, which no runner has. The token goes in by standard input.
digitalocean() {
  local token=${DIGITALOCEAN_ACCESS_TOKEN//\\/\\\\}
  printf 'header = "Authorization: Bearer %s"\n' "${token//\"/\\\"}" |
    curl --config - --silent --show-error --fail --max-time 30 --retry 3 --retry-max-time 90 \
      "${DIGITALOCEAN_API_URL:-https://api.digitalocean.com}/v2/kubernetes/clusters$1"
}

case "${1:-}" in
  aws)
    aws eks update-kubeconfig --name "$EKS_CLUSTER_NAME" --region "$AWS_REGION" --kubeconfig "$KUBECONFIG" >/dev/null
    ;;
  digitalocean)
    id=$(digitalocean '?per_page=200' |
      jq --raw-output '.kubernetes_clusters[] | select(.name == env.DIGITALOCEAN_CLUSTER_NAME) | .id')
    if [ -z "$id" ]; then
      echo "DigitalOcean knows no Kubernetes cluster of the name in DIGITALOCEAN_CLUSTER_NAME." >&2
      exit 1
    fi
    # Good for longer than a deployment can take, and not for the seven days that it would be otherwise.
    digitalocean "/$id/kubeconfig?expiry_seconds=7200" >"$KUBECONFIG"
    ;;
  *)
    echo "Usage: cluster.sh aws|digitalocean" >&2
    exit 2
    ;;
esac
