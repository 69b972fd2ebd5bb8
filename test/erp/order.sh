#!/bin/bash
# order.sh drain|enable N: gives an order for node N to the proxy that run.sh has started, as its operator would.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# HAProxy takes its orders on a socket.
if [ -n "${HAPROXY_SOCKET:-}" ]; then
  case $1 in drain) state=drain;; enable) state=ready;; esac
  exec /usr/bin/python3 - "$HAPROXY_SOCKET" "set server nodes/node$2 state $state" <<'PYTHON'
import socket, sys
orders = socket.socket(socket.AF_UNIX)
orders.connect(sys.argv[1])
orders.sendall(sys.argv[2].encode() + b'\n')
print(orders.makefile().read(), end='')
PYTHON
fi
case $1 in
  drain) exec "$VIGIA_NODE" "$root/bin/vigia.js" drain "tryton/node-$2" --reason "restart of node $2" --deadline 4s;;
  enable) exec "$VIGIA_NODE" "$root/bin/vigia.js" enable "tryton/node-$2" --reason "node $2 is back";;
esac
