#!/bin/bash
# The Dockerfile, built with buildah and run with podman: `bash test/ops/container.sh`. Its base comes from Debian's packages and npm, as
# none can be pulled everywhere. Outside of `npm test`: it needs root, npm's registry, Debian's mirror and
# `apt-get install --no-install-recommends debootstrap buildah podman runc`.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
export PATH="$root/node_modules/.bin:/usr/sbin:/sbin:$PATH" LC_ALL=C.UTF-8
say() { printf -- '--> %s\n' "$*"; }
fail() { printf 'container: %s\n' "$*" >&2; exit 1; }
for program in debootstrap buildah podman runc; do
  command -v "$program" >/dev/null || fail "$program is missing: apt-get install --no-install-recommends debootstrap buildah podman runc"
done
work=$(mktemp -d /var/tmp/vigia-container-XXXXXX)
# Images and containers of this run alone.
export CONTAINERS_STORAGE_CONF=$work/storage.conf
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/images"\nrunroot = "%s/run"\n' "$work" "$work" >"$CONTAINERS_STORAGE_CONF"
clean() {
  podman --runtime runc rm --all --force --time 1 >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT
within() { for _ in $(seq 300); do "$@" && return; sleep 0.2; done; return 1; }

say 'a base'
tree=$work/base
saved=/var/tmp/vigia-debian12-base
[ -e "$saved/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$saved" >"$work/log"
cp -a "$saved" "$tree"
chroot "$tree" sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends libatomic1 libstdc++6 ca-certificates >/dev/null && useradd -m -u 1000 node' >"$work/log" 2>&1 || { cat "$work/log"; fail 'no base'; }
install -D "$(node -p process.execPath)" "$tree/usr/local/bin/node"
cp -a "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$tree/usr/local/lib/npm"
ln -s ../lib/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
# Where npm finds its registry here, and whom it trusts.
echo "registry=$(npm config get registry)" >"$tree/root/.npmrc"
cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
tar -C "$tree" -c . | podman import --quiet --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - localhost/base >/dev/null
rm -rf "$tree"

say 'the image'
buildah bud --quiet --isolation chroot --network host --build-arg BASE=localhost/base --tag localhost/vigia "$root" >"$work/log" 2>&1 || { tail -40 "$work/log"; fail 'not built'; }
podman images --format '{{.Repository}} {{.Size}}'

say 'read only, without capabilities, as another user'
cat >"$work/vigia.yaml" <<YAML
listeners: [{ name: web, address: "127.0.0.1:18480" }]
routes: [{ pool: erp }]
pools: { erp: { upstreams: [{ name: erp-1, url: "http://127.0.0.1:18481" }] } }
admin: { address: "127.0.0.1:18482" }
workers: 2
YAML
node -e "require('http').createServer((q, s) => s.end('served')).listen(18481, '127.0.0.1')" &
upstream=$!
trap 'kill $upstream; clean' EXIT
podman --runtime runc run --detach --name vigia --network host --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --read-only --tmpfs /tmp --cap-drop all --security-opt no-new-privileges --user 4711:4711 \
  --env VIGIA_ADMIN=http://127.0.0.1:18482 --volume "$work/vigia.yaml:/etc/vigia/vigia.yaml:ro" localhost/vigia >/dev/null || fail 'it does not start'
answers() { [ "$(curl -s -m 5 http://127.0.0.1:18480/)" = served ]; }
within answers || { podman logs vigia; fail 'no answer'; }
podman --runtime runc exec vigia vigia healthcheck --ready
podman --runtime runc exec vigia vigia status
podman --runtime runc stop --time 40 vigia >/dev/null
[ "$(podman inspect --format '{{.State.ExitCode}}' vigia)" = 0 ] || fail 'it did not end with exit code 0'
say 'the image is built, runs read only without capabilities, and stops'
