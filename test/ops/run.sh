#!/bin/bash
# A real Prometheus scrapes a real vigia: `bash test/ops/run.sh`. promtool checks the metrics, the alert rules and their tests; Prometheus
# evaluates every rule and every query of the dashboard. Outside of `npm test`: it needs the Debian package `prometheus`.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
for program in prometheus promtool; do
  command -v "$program" >/dev/null || {
    echo "ops: $program is missing: apt-get install --no-install-recommends prometheus" >&2
    exit 2
  }
done
exec "$root/node_modules/.bin/node" "$root/test/ops/run.ts"
