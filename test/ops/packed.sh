#!/bin/bash
# What `npm pack` makes is installed as a user would (`npm install -g`), read only, and run: `bash test/ops/packed.sh`. A part of .ci/run.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
export PATH="$root/node_modules/.bin:$PATH"
work=$(mktemp -d)
pids=()
clean() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean EXIT
fail() { printf 'packed: %s\n' "$*" >&2; exit 1; }

cd "$work"
(cd "$root" && npm pack --silent --pack-destination "$work" >/dev/null)
npm install --silent --no-audit --no-fund --global --prefix "$work/installed" ./vigia-*.tgz
# Nobody writes below it any more, and it is called by a link of another folder.
chmod -R a-w "$work/installed"
mkdir bin && ln -s ../installed/bin/vigia bin/vigia
vigia="$work/bin/vigia"

version=$(node -p "require('$root/package.json').version")
[[ $("$vigia" --version) == "vigia $version (Node.js "* ]] || fail "$("$vigia" --version) is not version $version"
ls installed/lib/node_modules/vigia | grep -qx src && fail 'the package holds src/, which makes it look like a clone'

# An upstream that tells its port, and ports that are free a moment before.
cat >upstream.mjs <<'UPSTREAM'
import { createServer } from 'node:http'
import { writeFileSync } from 'node:fs'
const free = () => new Promise(done => {
  const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)) })
})
const server = createServer((_request, response) => response.end('from upstream\n'))
server.listen(0, '127.0.0.1', async () => {
  const [web, admin] = [await free(), await free()]
  writeFileSync('vigia.yaml', `listeners:
  - { name: web, address: "127.0.0.1:${web}" }
pools:
  erp:
    health: { path: / }
    upstreams: [{ name: one, url: "http://127.0.0.1:${server.address().port}" }]
routes: [{ name: all, pool: erp }]
admin: { address: "127.0.0.1:${admin}" }
workers: 1
`)
  writeFileSync('ports', `${web} ${admin}\n`)
})
UPSTREAM
node upstream.mjs &
pids+=($!)
# Up to a minute for what takes a moment: a busy machine may be slow.
within() { for _ in $(seq 600); do "$@" && return; sleep 0.1; done; return 1; }
within test -s ports || fail 'the upstream did not start'
read -r web admin <ports

"$vigia" check -c vigia.yaml || fail 'check finds something wrong'
"$vigia" run -c vigia.yaml 2>log &
pids+=($!)
answers() { [[ $(curl -s -m 5 "http://127.0.0.1:$web/") == 'from upstream' ]]; }
within answers || { cat log >&2; fail 'no answer from the upstream'; }
"$vigia" status --admin "http://127.0.0.1:$admin" >/dev/null || fail 'status does not say that all is well'
kill -TERM "${pids[1]}"
wait "${pids[1]}" || fail 'it did not end with exit code 0'
printf 'packed: vigia %s installs from its package, read only, checks, runs and answers\n' "$version"
