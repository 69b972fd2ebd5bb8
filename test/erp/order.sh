#!/bin/bash
# order.sh drain|enable N: gives an order for node N to the vigia that run.sh has started, as its operator would.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
case $1 in
  drain) exec "$VIGIA_NODE" "$root/bin/vigia.js" drain "tryton/node-$2" --reason "restart of node $2" --deadline 4s;;
  enable) exec "$VIGIA_NODE" "$root/bin/vigia.js" enable "tryton/node-$2" --reason "node $2 is back";;
esac
