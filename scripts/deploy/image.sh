#!/usr/bin/env bash
# Builds the image of the commit IMAGE_TAG for amd64 and arm64, and pushes it to Docker Hub. One that is there stays:
# the name of a commit means one image.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
cd "$here/../.."
"$here/requirements.sh" image

image=${DOCKER_REGISTRY:-$DOCKERHUB_USERNAME}/paservices-auth:$IMAGE_TAG

# A log-in of its own, that goes with this run and leaves that of whoever runs it alone.
work=$(mktemp -d)
builder=deploy-$$
clean_up() {
  docker buildx rm "$builder" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean_up EXIT
if [ -d "$HOME/.docker/cli-plugins" ]; then ln -s "$HOME/.docker/cli-plugins" "$work/cli-plugins"; fi
export DOCKER_CONFIG=$work
docker login --username "$DOCKERHUB_USERNAME" --password-stdin <<<"$DOCKERHUB_TOKEN" >/dev/null

if docker buildx imagetools inspect "$image" >/dev/null 2>&1; then
  echo "$image is there already; it is not built again."
  exit
fi
# The builder that Docker comes with makes one platform at a time.
docker buildx create --name "$builder" --driver docker-container >/dev/null
docker buildx build --builder "$builder" --file auth_service/Dockerfile --pull --push \
  --platform linux/amd64,linux/arm64 --provenance mode=max --sbom true \
  --build-arg "VERSION=$(jq --raw-output .version auth_service/package.json)" \
  --build-arg "REVISION=$IMAGE_TAG" \
  --build-arg "CREATED=$(date --utc +%Y-%m-%dT%H:%M:%SZ)" \
  --build-arg "SOURCE=${SOURCE:-unknown}" \
  --tag "$image" .
echo "Pushed $image"
