# shellcheck shell=bash
# What every run begins with: settings, the other files here, and its steps. It is sourced in the project's root.

unset DATABASE_URL "${!CABRANK_@}" # nobody's settings but ours
export CARGO_TARGET_DIR CARGO_INCREMENTAL=0 DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=1
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
TOOLS=$CARGO_TARGET_DIR/ci # virtual environments
BINARY=$CARGO_TARGET_DIR/release/cabrank
SCRATCH=$(mktemp -d)
chmod 711 "$SCRATCH" # the user postgres passes through

# shellcheck source=.ci/tools.sh
. .ci/tools.sh
# shellcheck source=.ci/postgres.sh
. .ci/postgres.sh
# shellcheck source=.ci/osrm.sh
. .ci/osrm.sh
# shellcheck source=.ci/service.sh
. .ci/service.sh
# shellcheck source=.ci/contract-asyncapi.sh
. .ci/contract-asyncapi.sh
# shellcheck source=.ci/conformance.sh
. .ci/conformance.sh
# shellcheck source=.ci/contract.sh
. .ci/contract.sh
# shellcheck source=.ci/node.sh
. .ci/node.sh
# shellcheck source=.ci/simulation.sh
. .ci/simulation.sh

STEP=start
finish() {
  local status=$?
  abandon_service
  stop_postgres
  stop_osrm
  rm -rf "$SCRATCH"
  [ "$status" = 0 ] || printf '\n== FAILED with %s: %s\n' "$status" "$STEP"
}
trap finish EXIT
trap 'exit 130' INT TERM

# step WHAT COMMAND...: the command, announced and timed; the first that fails ends the run.
step() {
  STEP=$1
  local begun=$SECONDS
  printf '\n== %s\n' "$STEP"
  "${@:2}"
  printf -- '-- %s: %s s\n' "$STEP" "$((SECONDS - begun))"
}
