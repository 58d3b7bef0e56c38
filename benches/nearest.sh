#!/usr/bin/env bash
# benches/nearest.sh      cabrank's index of drivers, Redis and PostGIS in one run; starts and stops the servers, and
#                         prints Markdown tables
#
# env: CABRANK_BENCH_SECONDS=3  CABRANK_BENCH_DRIVERS="10000 100000"
#      CABRANK_BENCH_TRIPS=FILE (real trips instead of an invented city; see crates/supply/benches/nearest/main.rs)
# It needs Debian's redis-server, postgresql, postgresql-15-postgis-3 and python3. Redis saves nothing; PostgreSQL has
# the defaults of its package.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
SCRATCH=$(mktemp -d)
chmod 711 "$SCRATCH" # the user postgres passes through
if [ -n "${CABRANK_BENCH_TRIPS:-}" ]; then CABRANK_BENCH_TRIPS=$(realpath "$CABRANK_BENCH_TRIPS") && export CABRANK_BENCH_TRIPS; fi # cargo starts a bench in the directory of its crate
# shellcheck source=.ci/tools.sh
. .ci/tools.sh
# shellcheck source=.ci/postgres.sh
. .ci/postgres.sh
# shellcheck source=.ci/redis.sh
. .ci/redis.sh

finish() {
  stop_redis
  stop_postgres
  rm -rf "$SCRATCH"
}
trap finish EXIT
trap 'exit 130' INT TERM

has_postgis() { compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null; }

if lacks redis-server redis-cli psql python3 || ! has_postgis; then
  echo "nearest.sh: apt install redis-server postgresql postgresql-15-postgis-3 python3" >&2
  exit 1
fi

# Built first, so that no compiler is measured.
cargo bench -p cabrank-supply --bench nearest --bench nearest_bytes --no-run

start_redis >&2
start_postgres >&2

CABRANK_BENCH_REDIS=$(redis_url) CABRANK_BENCH_POSTGIS=$(database_url postgres) cargo bench -p cabrank-supply --bench nearest
cargo bench -p cabrank-supply --bench nearest_bytes
