#!/bin/bash
# `npm run erp`: puts a proxy in front of a real ERP (Tryton on three nodes), lets an integration client post orders through it while
# nodes fail, and asserts that no acknowledged order is lost and none exists twice. Needs root and apt; ends only what it started.
set -uo pipefail

usage() {
  cat <<'TEXT'
npm run erp -- [options]
  --peer NAME        vigia (default), haproxy, or haproxy-close (the same with `option http-server-close`)
  --runners A,B      gunicorn, uwsgi, trytond: only the runs on these
  --scenarios A,B    healthy, kill9, term, freeze, rolling, killeach, drain, pg: only these runs
                     (default: healthy on every runner, the others on gunicorn and uwsgi)
  --config FILE      vigia's configuration (default: config/examples/tryton.yaml)
  --url URL          where that configuration listens (default: http://127.0.0.1:18090)
  --seconds S        length of a run (default 30; rolling and killeach take at least 45, drain 60)
  --concurrency N    clients at once (default 8)
  --results FILE     JSON lines are appended here (default: vigia-erp-results.jsonl in the temporary folder)
  --keep             leave the ERP running at the end
ERP_DIR: folder of the ERP's scripts (default: ../shared/erp beside the checkout)
TEXT
}
fail() { echo "erp: $*" >&2; exit 2; }

# 1. What to run.
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
erp=${ERP_DIR:-$root/../shared/erp}
temporary=${TMPDIR:-/tmp}
peer=vigia runners= scenarios= seconds=30 concurrency=8 keep=
config=$root/config/examples/tryton.yaml url=http://127.0.0.1:18090
results=$temporary/vigia-erp-results.jsonl
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=1; shift; continue;;
    -h | --help) usage; exit 0;;
    --*) [ $# -ge 2 ] || fail "$1 needs a value; --help lists the options";;
  esac
  case $1 in
    --peer) peer=$2;;
    --runners) runners=$2;;
    --scenarios) scenarios=$2;;
    --config) config=$(readlink -f "$2");;
    --url) url=$2;;
    --seconds) seconds=$2;;
    --concurrency) concurrency=$2;;
    --results) results=$2;;
    *) fail "unknown option $1; --help lists the options";;
  esac
  shift 2
done
named() { # a comma-separated list, names that exist in it
  local name
  for name in ${1//,/ }; do case " $2 " in *" $name "*) ;; *) fail "\"$name\" is not one of: $2";; esac; done
}
named "$peer" 'vigia haproxy haproxy-close'
named "$runners" 'gunicorn uwsgi trytond'
named "$scenarios" 'healthy kill9 term freeze rolling killeach drain pg'
[[ $seconds =~ ^[1-9][0-9]*$ && $concurrency =~ ^[1-9][0-9]*$ ]] || fail '--seconds and --concurrency are whole numbers from 1'
[ "$(id -u)" = 0 ] || fail 'needs root: the ERP comes from apt and PostgreSQL runs as its own user'
[ -f "$erp/up.sh" ] || fail "no ERP scripts in $erp: set ERP_DIR to the folder that holds up.sh and client.py"
node=$root/node_modules/.bin/node
[ -x "$node" ] || node=node
if [ "$peer" != vigia ]; then
  url=http://127.0.0.1:18080
  command -v haproxy >/dev/null || fail 'haproxy is not installed: apt-get install haproxy'
fi

wanted() { [ -z "$1" ] || case ,$1, in *",$2,"*) ;; *) return 1;; esac; }
plan=()
for runner in gunicorn uwsgi trytond; do
  for scenario in healthy kill9 term freeze rolling killeach drain pg; do
    # trytond's own server is for development: it only has to work, unless asked for by name.
    [ "$runner" = trytond ] && [ "$scenario" != healthy ] && [ -z "$runners" ] && continue
    wanted "$runners" "$runner" && wanted "$scenarios" "$scenario" && plan+=("$runner $scenario")
  done
done

# 2. Whatever happens, what was started here ends: the proxy by its pid, the ERP by its own script.
proxy_pid= client= chaos=
session=$(date +%Y%m%dT%H%M%S)-$$
logs=$temporary/vigia-erp-$session
mkdir -p "$logs"
if [ "$peer" != vigia ]; then
  # The ERP's own configuration, with a way in for the operator.
  haproxy_config=$logs/haproxy.cfg
  export HAPROXY_SOCKET=$logs/haproxy.sock
  close=
  [ "$peer" = haproxy ] || close='s/^\( *\)http-reuse safe/&\n\1option http-server-close/'
  sed -e "s|^global|&\n    stats socket $HAPROXY_SOCKET level admin|" -e "$close" "$erp/haproxy.cfg" >"$haproxy_config"
fi
stop_proxy() {
  [ -n "$proxy_pid" ] || return 0
  kill -TERM "$proxy_pid" 2>/dev/null
  for _ in $(seq 1 150); do kill -0 "$proxy_pid" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$proxy_pid" 2>/dev/null
  wait "$proxy_pid" 2>/dev/null
  proxy_pid=
}
cleanup() {
  # The faults are a process group of their own: what it has begun (a node's restart) ends with it.
  [ -z "$chaos" ] || kill -TERM -- "-$chaos" 2>/dev/null
  [ -z "$client" ] || kill -TERM "$client" 2>/dev/null
  stop_proxy
  [ -n "$keep" ] || bash "$erp/down.sh" >"$logs/down.log" 2>&1
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The ERP's honest probe: 401 = web server, pool and database all answer.
answers() {
  [ "$(curl -s -m 3 -o /dev/null -w '%{http_code}' -X POST -H 'Content-Type: application/json' \
    -H 'Authorization: Session cHJvYmU6MTpwcm9iZQ==' -d '{"method":"probe","params":[]}' "$1/erp/")" = 401 ]
}
start_proxy() { # its log
  if answers "$url"; then fail "something already answers on $url: stop it first"; fi
  case $peer in
    vigia) (cd "$root" && exec "$node" bin/vigia.js run -c "$config") >"$1" 2>&1 &;;
    haproxy*) haproxy -db -f "$haproxy_config" >"$1" 2>&1 &;;
  esac
  proxy_pid=$!
  for _ in $(seq 1 100); do
    answers "$url" && return 0
    kill -0 "$proxy_pid" 2>/dev/null || break
    sleep 0.1
  done
  fail "$peer does not serve the ERP on $url; the end of its log: $(tail -3 "$1")"
}
nodes() { # start|stop, all three at once
  local n pids=() rc=0
  for n in 1 2 3; do "$erp/node.sh" "$1" "$n" >>"$logs/nodes.log" 2>&1 & pids+=($!); done
  for n in "${pids[@]}"; do wait "$n" || rc=1; done
  return $rc
}

# 3. The ERP, then run after run, each with a proxy of its own.
current=
for step in "${plan[@]}"; do
  read -r runner scenario <<<"$step"
  export ERP_RUNNER=$runner
  if [ "$runner" != "$current" ]; then
    echo "erp: Tryton on $runner ..." >&2
    nodes stop
    bash "$erp/up.sh" >"$logs/up-$runner.log" 2>&1 || fail "the ERP did not come up on $runner: $(tail -3 "$logs/up-$runner.log")"
    current=$runner
  fi
  nodes start || fail "a node did not come back before $runner $scenario; see $logs/nodes.log"
  run=$logs/$runner-$scenario
  start_proxy "$run.proxy.log"
  length=$seconds
  case $scenario in
    rolling | killeach) [ "$length" -ge 45 ] || length=45;;
    drain) [ "$length" -ge 60 ] || length=60;;
  esac
  echo "erp: $peer, $runner, $scenario, $length s ..." >&2
  /usr/bin/python3 "$erp/client.py" --url "$url" --seconds "$length" --concurrency "$concurrency" --json \
    >"$run.json" 2>"$run.client.log" &
  client=$!
  if [ "$scenario" != healthy ]; then
    DRAIN="$root/test/erp/order.sh drain" READY="$root/test/erp/order.sh enable" VIGIA_NODE=$node \
      setsid bash "$erp/chaos.sh" "$scenario" >"$run.orders.log" 2>"$run.chaos.log" &
    chaos=$!
    wait "$chaos"
    chaos=
  fi
  wait "$client"
  client=
  stop_proxy
  "$node" "$root/test/erp/results.ts" add "$results" "$session" "$peer" "$runner" "$scenario" "$run.json"
done

# 4. The verdict.
echo
"$node" "$root/test/erp/results.ts" table "$results" "$session"
verdict=$?
echo
echo "figures: $results; logs: $logs"
exit "$verdict"
