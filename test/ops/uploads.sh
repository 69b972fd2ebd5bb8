#!/bin/bash
# Uploads of slow clients through a real vigia: `bash test/ops/uploads.sh`. One of 1 GiB, 200 at once, and a disk that is full (needs root,
# for a small tmpfs). Outside of `npm test`: it takes minutes, and 2 GB of disk.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
exec "$root/node_modules/.bin/node" "$root/test/ops/uploads.ts" "$@"
