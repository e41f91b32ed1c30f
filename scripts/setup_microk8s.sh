#!/usr/bin/env bash
# Makes a Kubernetes of one Ubuntu machine, ready for k8s/overlays/microk8s. May be run again at any time.
set -euo pipefail

CHANNEL='1.35/stable'
EMAIL=''
TIMEOUT_SECONDS=300
DRY_RUN=false
ADDONS=(dns hostpath-storage ingress cert-manager metrics-server registry)
# For tests.
OS_RELEASE=${OS_RELEASE:-/etc/os-release}
ISSUER="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/k8s/overlays/microk8s/cluster-issuer.yaml"

usage() {
  cat <<'TEXT'
Usage: sudo scripts/setup_microk8s.sh [--email ADDRESS] [--channel CHANNEL] [--timeout SECONDS] [--dry-run]

Installs MicroK8s on this machine (Ubuntu, amd64 or arm64) and switches on what the service needs: dns,
hostpath-storage, ingress, cert-manager, metrics-server, registry. What is there already is left as it is.

  --email ADDRESS    also makes the issuer of certificates, letsencrypt-prod, for which Let's Encrypt takes an address
  --channel CHANNEL  the snap channel to install from (1.35/stable)
  --timeout SECONDS  the longest wait for each part (300)
  --dry-run          says what would be done, and changes nothing
  --help             this text
TEXT
}

say() { printf '%s\n' "$*"; }

# What is wrong, and what to do about it.
fail() {
  printf 'setup_microk8s: %s\n' "$1" >&2
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

wrong_usage() {
  printf 'setup_microk8s: %s\n' "$1" >&2
  usage >&2
  exit 2
}

# A step that changes something.
run() {
  if "$DRY_RUN"; then
    say "would run: $*"
  else
    say "running: $*"
    "$@"
  fi
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage; exit 0 ;;
      --dry-run) DRY_RUN=true; shift; continue ;;
      --email | --channel | --timeout) [ $# -ge 2 ] || wrong_usage "$1 needs a value" ;;
      *) wrong_usage "unknown argument $1" ;;
    esac
    case $1 in
      --email) EMAIL=$2 ;;
      --channel) CHANNEL=$2 ;;
      --timeout) TIMEOUT_SECONDS=$2 ;;
    esac
    shift 2
  done
  [[ $TIMEOUT_SECONDS =~ ^[1-9][0-9]{0,4}$ ]] || wrong_usage "--timeout is not a number of seconds: $TIMEOUT_SECONDS"
  [[ $CHANNEL =~ ^[a-z0-9./-]+$ ]] || wrong_usage "--channel is not a snap channel: $CHANNEL"
  # It goes into a file by sed: nothing that sed or YAML would read as its own.
  [[ -z $EMAIL || $EMAIL =~ ^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$ ]] || wrong_usage "--email is not an address: $EMAIL"
}

check_machine() {
  local name='' machine
  if [ -r "$OS_RELEASE" ]; then
    # shellcheck disable=SC1090
    name=$(. "$OS_RELEASE" && printf '%s' "${ID:-}")
  fi
  [ "$name" = ubuntu ] || fail "this is ${name:-an unknown system}, not Ubuntu." \
    'MicroK8s comes as a snap, and this script knows Ubuntu alone (22.04 or newer).' \
    'On other systems, see https://canonical.com/microk8s/docs, and switch the same add-ons on.'
  machine=$(uname -m)
  case $machine in
    x86_64 | aarch64) ;;
    *) fail "the processor is $machine." 'The image of the service is made for x86_64 (amd64) and aarch64 (arm64).' ;;
  esac
  if [ "$(id -u)" -ne 0 ] && ! "$DRY_RUN"; then
    fail 'root is needed to install a snap.' "Run it with sudo: sudo ${BASH_SOURCE[0]}"
  fi
  command -v snap >/dev/null || fail 'snap is not there.' \
    'Install it: sudo apt-get update && sudo apt-get install -y snapd'
  [ -z "$EMAIL" ] || [ -r "$ISSUER" ] || fail "$ISSUER is not there." 'Run this script in its place in the repository.'
}

install_microk8s() {
  if snap list microk8s >/dev/null 2>&1; then
    say 'MicroK8s is installed already.'
  else
    snap info microk8s >/dev/null 2>&1 || fail 'the snap store does not answer.' \
      'Look at the network: curl -I https://api.snapcraft.io' \
      'Behind a proxy: snap set system proxy.https=http://ADDRESS:PORT' \
      'In a cloud: the machine needs a way out on port 443, and a DNS server.'
    run snap install microk8s --classic "--channel=$CHANNEL" || fail "MicroK8s could not be installed from $CHANNEL." \
      'What snap says is above. The channels there are: snap info microk8s'
  fi
  "$DRY_RUN" && return
  within microk8s status --wait-ready --timeout "$TIMEOUT_SECONDS" >/dev/null ||
    fail "MicroK8s was not ready within $TIMEOUT_SECONDS seconds." 'See: microk8s status, and microk8s inspect'
}

# No command is waited for beyond the bound, whatever it says of timeouts of its own.
within() { timeout --kill-after=10 "$((TIMEOUT_SECONDS + 30))" "$@"; }

# MicroK8s must be there to be asked; in a dry run on an empty machine it is not.
is_enabled() { command -v microk8s >/dev/null && [ "$(microk8s status --addon "$1" 2>/dev/null)" = enabled ]; }

enable_addons() {
  local addon
  for addon in "${ADDONS[@]}"; do
    if is_enabled "$addon"; then
      say "Add-on $addon is on already."
    else
      run within microk8s enable "$addon" || fail "add-on $addon could not be switched on." \
        "What MicroK8s says is above. By itself: microk8s enable $addon" \
        'Its images come from the internet: the machine needs a way out on port 443.'
    fi
    "$DRY_RUN" || verify "$addon"
  done
}

verify() {
  case $1 in
    dns) rolled_out "$1" kube-system deployment/coredns ;;
    hostpath-storage)
      rolled_out "$1" kube-system deployment/hostpath-provisioner
      exists "$1" storageclass microk8s-hostpath
      ;;
    # A DaemonSet in both: Traefik from 1.35 on, ingress-nginx before.
    ingress)
      rolled_out "$1" ingress "$(microk8s kubectl get daemonset --namespace ingress --output name | head -n 1)"
      exists "$1" ingressclass public
      ;;
    cert-manager)
      rolled_out "$1" cert-manager deployment/cert-manager deployment/cert-manager-cainjector \
        deployment/cert-manager-webhook
      ;;
    metrics-server)
      rolled_out "$1" kube-system deployment/metrics-server
      within microk8s kubectl wait --for=condition=Available apiservice/v1beta1.metrics.k8s.io \
        "--timeout=${TIMEOUT_SECONDS}s" >/dev/null || not_ready "$1" kube-system
      ;;
    registry) rolled_out "$1" container-registry deployment/registry ;;
  esac
  say "Add-on $1 works."
}

rolled_out() {
  local addon=$1 namespace=$2 workload
  for workload in "${@:3}"; do
    [ -n "$workload" ] || not_ready "$addon" "$namespace"
    within microk8s kubectl rollout status "$workload" --namespace "$namespace" \
      "--timeout=${TIMEOUT_SECONDS}s" >/dev/null || not_ready "$addon" "$namespace"
  done
}

exists() {
  microk8s kubectl get "$2" "$3" >/dev/null 2>&1 || fail "add-on $1 made no $2 $3." \
    "Switch it off and on again: microk8s disable $1 && microk8s enable $1"
}

not_ready() {
  fail "add-on $1 was not ready within $TIMEOUT_SECONDS seconds." \
    "See what it waits for: microk8s kubectl get pods,events --namespace $2" \
    'An image that cannot be pulled: the machine needs a way out on port 443. Too slow: --timeout 900.' \
    'Then run this script again; it goes on where it stopped.'
}

# The guide's commands say kubectl. Another one that is there already stays.
offer_kubectl() {
  if command -v kubectl >/dev/null; then
    say 'kubectl is there already; microk8s kubectl is this cluster in any case.'
  else
    run snap alias microk8s.kubectl kubectl
  fi
  local user=${SUDO_USER:-root}
  if [ "$user" != root ] && ! id -nG "$user" | grep -qw microk8s; then
    run usermod --append --groups microk8s "$user"
  fi
}

make_issuer() {
  [ -n "$EMAIL" ] || return 0
  if "$DRY_RUN"; then
    say "would apply: $ISSUER, with $EMAIL"
    return
  fi
  sed "s|ACME_EMAIL_VALUE|$EMAIL|g" "$ISSUER" | within microk8s kubectl apply -f - ||
    fail 'the issuer of certificates could not be made.' 'What kubectl says is above.'
}

say_next_step() {
  "$DRY_RUN" && { say 'A dry run: nothing was changed.'; return; }
  cat <<'TEXT'

This machine is a Kubernetes cluster now.

  CLOSE PORTS 32000, 16443, 10250 AND 25000 to the internet (security group, firewall); leave 80 and 443 open.
  The registry on 32000 takes images from anybody who reaches it.

  kubectl     log in again, so that your groups count; then: kubectl get nodes
              from elsewhere: microk8s config prints a kubeconfig
  image       docker build -f auth_service/Dockerfile -t localhost:32000/paservices-auth:1 .
              docker push localhost:32000/paservices-auth:1
              and in the guide's block: DOCKER_REGISTRY="localhost:32000" IMAGE_TAG="1"
TEXT
  if [ -n "$EMAIL" ]; then
    say "  issuer      letsencrypt-prod, with $EMAIL"
  else
    say '  issuer      still to be made: run this again with --email ADDRESS'
  fi
  say '  next        docs/deploy/kubernetes.md, "MicroK8s on an empty machine"'
}

read_arguments "$@"
check_machine
install_microk8s
enable_addons
offer_kubectl
make_issuer
say_next_step
