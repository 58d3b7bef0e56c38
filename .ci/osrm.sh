# shellcheck shell=bash
# A real table service to test the client against: osrm-routed with the streets of Manhattan, on loopback, gone after the run. Its programs
# are in a wheel that needs another Python than Debian's, so it is unpacked rather than installed. Like the wire cases the map is in ../shared.

OSRM_VERSION=26.10.0
OSRM_SHA256=840d6f82812eb9f9e17c71eb9083dfa15f3be2bfec4965c32aefa48b00d3a951 # for x86-64
OSRM_MAP=${OSRM_MAP:-../shared/data/osm/manhattan_from_hive.osm.pbf}
OSRM_DIR=$SCRATCH/osrm
OSRM_PID=
OSRM_URL=

fetch_osrm() {
  [ "$(cat "$TOOLS/osrm/version" 2>/dev/null)" = "$OSRM_VERSION" ] && return
  local wheel=$SCRATCH/osrm-wheel
  rm -rf "$TOOLS/osrm"
  quietly python3 -m venv --clear "$TOOLS/osrm"
  quietly "$TOOLS/osrm/bin/pip" download --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.12 \
    --platform manylinux_2_28_x86_64 -d "$wheel" "osrm-bindings==$OSRM_VERSION"
  sha256sum --quiet -c - <<<"$OSRM_SHA256  $(echo "$wheel"/*.whl)"
  python3 -m zipfile -e "$wheel"/*.whl "$TOOLS/osrm/wheel"
  chmod +x "$TOOLS"/osrm/wheel/osrm/bin/*
  echo "$OSRM_VERSION" >"$TOOLS/osrm/version"
}

# start_osrm: sets OSRM_URL; to nothing where there is no map and nobody insists.
start_osrm() {
  local port
  if [ ! -e "$OSRM_MAP" ] && [ -z "${CI:-}" ]; then
    echo "not run: the tests with a table service, for want of $OSRM_MAP"
    return
  fi
  fetch_osrm
  mkdir "$OSRM_DIR"
  cp "$OSRM_MAP" "$OSRM_DIR/town.osm.pbf"
  quietly osrm_program extract -p "$TOOLS/osrm/wheel/osrm/share/profiles/car.lua" "$OSRM_DIR/town.osm.pbf"
  quietly osrm_program contract "$OSRM_DIR/town.osrm"
  port=$(free_port)
  "$TOOLS/osrm/wheel/osrm/bin/osrm-routed" -i 127.0.0.1 -p "$port" -t 4 "$OSRM_DIR/town.osrm" </dev/null >"$OSRM_DIR/log" 2>&1 &
  OSRM_PID=$!
  OSRM_URL=http://127.0.0.1:$port
  await_osrm || {
    cat "$OSRM_DIR/log"
    return 1
  }
  echo "osrm-routed listens on 127.0.0.1:$port"
}

osrm_program() { "$TOOLS/osrm/wheel/osrm/bin/osrm-$1" "${@:2}"; }

await_osrm() {
  for _ in {1..100}; do
    curl -fsS -o /dev/null "$OSRM_URL/nearest/v1/driving/-73.98,40.76" 2>/dev/null && return
    kill -0 "$OSRM_PID" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

stop_osrm() {
  [ -n "$OSRM_PID" ] || return 0
  kill "$OSRM_PID" 2>/dev/null || true
  wait "$OSRM_PID" 2>/dev/null || true
  OSRM_PID=
}
