#!/usr/bin/env bash
# benches/compare.sh      cabrank and the reference server in turn under the same load, for several rounds; prints a
#                         Markdown table
#
# env: BESIDE=path/to/another/cabrank, to compare with that build of it instead of the reference
#      ROUNDS=3 DRIVERS=1000 RIDERS=50 SECONDS_EACH=10 BENCH="further options of cabrank bench"
#      REFERENCE=../shared/reference  REFERENCE_STATE (its virtual environment and data; made if missing)  CABRANK=target/release/cabrank
# It needs redis-server (apt install redis-server) and python3 for the reference, an otherwise idle machine, and
# `ulimit -n` well above DRIVERS.
set -euo pipefail
cd "$(dirname "$0")/.."
ROUNDS=${ROUNDS:-3} DRIVERS=${DRIVERS:-1000} RIDERS=${RIDERS:-50} SECONDS_EACH=${SECONDS_EACH:-10}
CABRANK=$(realpath "${CABRANK:-target/release/cabrank}")
REFERENCE=$(realpath "${REFERENCE:-../shared/reference}")
BESIDE=${BESIDE:+$(realpath "$BESIDE")}
read -ra further <<<"${BENCH:-}"
OUR_PORT=${OUR_PORT:-8166} REFERENCE_PORT=${REFERENCE_PORT:-8167}
export REDIS_PORT=${REDIS_PORT:-6399} PYTHONDONTWRITEBYTECODE=1

for tool in redis-server redis-cli python3 curl; do
  command -v "$tool" >/dev/null || { echo "compare.sh: $tool is missing" >&2; exit 1; }
done
ulimit -n "$(ulimit -Hn)"

work=$(mktemp -d)
export REFERENCE_STATE=${REFERENCE_STATE:-$work/reference}
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  server=
}
finish() {
  stop
  redis-cli -p "$REDIS_PORT" shutdown nosave >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT

await() { # URL
  for _ in $(seq 600); do curl -so /dev/null "$1" && return; sleep 0.1; done
  echo "compare.sh: $1 does not answer" >&2
  cat "$work/log" >&2
  exit 1
}
bench() { # URL FURTHER...
  "$CABRANK" bench --url "$1" --drivers "$DRIVERS" --riders "$RIDERS" --seconds "$SECONDS_EACH" --json "${further[@]}" "${@:2}"
}

start_cabrank() { # BINARY DATA_DIR
  "$1" serve --listen "127.0.0.1:$OUR_PORT" --data-dir "$2" --limits off --rider-trips 1000000 >"$work/log" 2>&1 &
  server=$!
  await "http://127.0.0.1:$OUR_PORT/openapi.json"
}
# Users are signed up once, and each round gets a copy: hashing their passwords would leave its memory in the measured process.
sign_up() { # BINARY NAME
  start_cabrank "$1" "$work/$2.users"
  bench "http://127.0.0.1:$OUR_PORT" --idle --save-users "$work/$2.jsonl" >/dev/null
  stop
}
measure_cabrank() { # BINARY NAME
  cp -a "$work/$2.users" "$work/round"
  start_cabrank "$1" "$work/round"
  bench "http://127.0.0.1:$OUR_PORT" --users "$work/$2.jsonl" --pid "$server" >>"$work/$2.results"
  stop
  rm -rf "$work/round"
}
start_reference() {
  WORKERS=2 ENABLE_DCRF=0 FRESH=1 "$REFERENCE/run.sh" "$REFERENCE_PORT" 2 >"$work/log" 2>&1 &
  server=$!
  await "http://127.0.0.1:$REFERENCE_PORT/healthz"
}

measure_reference() {
  start_reference
  (cd "$REFERENCE" && DATABASE_URL="sqlite://$REFERENCE_STATE/var/db-$REFERENCE_PORT.sqlite3" \
    "$REFERENCE_STATE/.venv/bin/python" manage.py mkusers --riders "$RIDERS" --drivers "$DRIVERS") >"$work/other.jsonl"
  redis=$(redis-cli -p "$REDIS_PORT" info server | tr -d '\r' | sed -n 's/^process_id://p')
  bench "http://127.0.0.1:$REFERENCE_PORT" --users "$work/other.jsonl" --pid "$server" --pid "$redis" >>"$work/other.results"
  stop
}

sign_up "$CABRANK" ours
if [ -n "$BESIDE" ]; then sign_up "$BESIDE" other; fi
for round in $(seq "$ROUNDS"); do
  echo "round $round of $ROUNDS: cabrank" >&2
  measure_cabrank "$CABRANK" ours
  echo "round $round of $ROUNDS: ${BESIDE:-reference}" >&2
  if [ -n "$BESIDE" ]; then measure_cabrank "$BESIDE" other; else measure_reference; fi
done

python3 - "$work/ours.results" "$work/other.results" "${BESIDE:-reference}" <<'PYTHON'
import json, statistics, sys

ours, other = ([json.loads(line) for line in open(name)] for name in sys.argv[1:3])
ROWS = [
    ("requests committed per second", "requests_per_s", 1),
    ("deliveries per second", "deliveries_per_s", 0),
    ("request to alert, p50 (ms)", "alert_p50_ms", 1),
    ("request to alert, p99 (ms)", "alert_p99_ms", 1),
    ("request to its rider, p50 (ms)", "commit_p50_ms", 1),
    ("server CPU per delivery (us)", "server_cpu_us_per_delivery", 2),
    ("client CPU per delivery (us)", "client_cpu_us_per_delivery", 2),
    ("server RSS per idle session (KiB)", "rss_per_idle_session_kib", 1),
    ("server RSS, sockets open (KiB)", "server_rss_kib", 0),
    ("undelivered", "undelivered", 0),
    ("sockets lost", "lost_sockets", 0),
]


def median(results, key):
    values = [result[key] for result in results if result.get(key) is not None]
    return statistics.median(values) if values else None


def spread(results, key, digits):
    values = sorted(result[key] for result in results if result.get(key) is not None)
    if not values:
        return "-"
    text = f"{statistics.median(values):,.{digits}f}"
    return text if values[0] == values[-1] else f"{text} ({values[0]:,.{digits}f} to {values[-1]:,.{digits}f})"


run = ours[0]
print(f"{run['drivers']} drivers, {run['riders']} riders, {run['seconds']} s, load: {run['load']}; median of {len(ours)} rounds (least to most)\n")
print(f"| | cabrank | {sys.argv[3]} | ratio |\n|---|---:|---:|---:|")
for name, key, digits in ROWS:
    one, two = median(ours, key), median(other, key)
    ratio = f"{one / two:.3g}" if one is not None and two else "-"
    print(f"| {name} | {spread(ours, key, digits)} | {spread(other, key, digits)} | {ratio} |")
PYTHON
