#!/bin/sh
exec /usr/lib/vigia/runtime/node /usr/lib/vigia/bin/vigia.js "$@"
