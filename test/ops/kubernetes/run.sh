#!/bin/bash
# The manifests and the Helm chart: `bash test/ops/kubernetes/run.sh`; with --write the manifests are written anew from the chart. Outside of
# `npm test`: it needs npm's registry and `apt-get install --no-install-recommends golang-go`. Helm and a cluster are not needed.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(cd "$here/../../.." && pwd)
export PATH="$root/node_modules/.bin:$PATH"
command -v go >/dev/null || { echo 'kubernetes: go is missing: apt-get install --no-install-recommends golang-go' >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chart=$root/packaging/kubernetes/chart
manifests=$root/packaging/kubernetes/vigia.yaml
cd "$root"
node -e "
const { readFileSync } = require('fs'), { parse } = require('yaml'), Ajv = require('ajv')
const values = parse(readFileSync('$chart/values.yaml', 'utf8'))
const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync('$chart/values.schema.json', 'utf8')))
if (!validate(values)) throw new Error(JSON.stringify(validate.errors))
console.log(JSON.stringify(values))" >"$work/values.json"
{
  echo '# vigia on Kubernetes without Helm, as the chart beside it makes it with its own values (test/ops/kubernetes/run.sh --write).'
  echo '# Put your image and the names of your nodes in, then: kubectl apply -f vigia.yaml'
  GOCACHE=$work/go GO111MODULE=off go run "$here/render.go" "$chart" "$work/values.json" vigia
} >"$work/rendered.yaml"
[ "${1:-}" != --write ] || cp "$work/rendered.yaml" "$manifests"
diff -u "$manifests" "$work/rendered.yaml" || { echo 'kubernetes: the manifests are not those of the chart (--write)' >&2; exit 1; }
cd "$work"
npm install --silent --no-audit --no-fund kubernetes-models@4 yaml@2
cp "$here/check.mjs" .
VIGIA=$root/bin/vigia.js node check.mjs "$manifests"
