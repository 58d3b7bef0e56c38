#!/usr/bin/env bash
# benches/eta.sh      twenty candidates with their times to a pick-up: cabrank's index and streets beside Redis and
#                     osrm-routed, in one run; starts and stops the servers, and prints a Markdown table
#
# env: CABRANK_BENCH_SECONDS=2  OSRM_MAP=FILE (an extract of OpenStreetMap)  CABRANK_BENCH_TRIPS=FILE (trips there: id,lat,lon,lat,lon)
# It needs Debian's redis-server, curl and python3, and fetches osrm-routed. Redis saves nothing; both services are on loopback.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
SCRATCH=$(mktemp -d)
TOOLS=$(realpath -m "${CARGO_TARGET_DIR:-target}")/ci
export CABRANK_BENCH_TRIPS=${CABRANK_BENCH_TRIPS:-../shared/data/hive_manhattan/nyc_20k.csv}
# shellcheck source=.ci/tools.sh
. .ci/tools.sh
# shellcheck source=.ci/postgres.sh
. .ci/postgres.sh
# shellcheck source=.ci/redis.sh
. .ci/redis.sh
# shellcheck source=.ci/osrm.sh
. .ci/osrm.sh

finish() {
  stop_redis
  stop_osrm
  rm -rf "$SCRATCH"
}
trap finish EXIT
trap 'exit 130' INT TERM

if lacks redis-server redis-cli curl python3; then
  echo "eta.sh: apt install redis-server curl python3" >&2
  exit 1
fi

# Built first, so that no compiler is measured.
cargo bench -p cabrank-supply --bench eta --no-run

start_osrm >&2
start_redis >&2

CABRANK_BENCH_ROADS=$(realpath "$OSRM_MAP") CABRANK_BENCH_TRIPS=$(realpath "$CABRANK_BENCH_TRIPS") CABRANK_BENCH_REDIS=$(redis_url) \
  CABRANK_BENCH_OSRM=$OSRM_URL CABRANK_BENCH_OSRM_PID=$OSRM_PID cargo bench -p cabrank-supply --bench eta
