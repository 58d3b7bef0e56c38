# shellcheck shell=bash
# What a new machine lacks, by package name.

install_tools() {
  install_debian_packages
  virtual_environment "$TOOLS/lint" .ci/requirements.txt
  printf '%s\n' "$(cargo --version)" "$("$(postgres_programs)/postgres" --version)" "$(python3 --version)" "node $(node --version)"
}

install_debian_packages() {
  local packages=()
  lacks cc && packages+=(gcc libc6-dev)
  lacks curl && packages+=(curl ca-certificates)
  lacks prlimit runuser && packages+=(util-linux)
  lacks ps && packages+=(procps)
  lacks node npm && packages+=(nodejs npm)
  lacks psql && packages+=(postgresql-client)
  lacks shellcheck && packages+=(shellcheck)
  python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
  compose version >/dev/null 2>&1 || packages+=(docker-compose)
  [ -n "$(postgres_programs)" ] || packages+=(postgresql)
  [ "${#packages[@]}" -gt 0 ] || return 0
  echo "installing ${packages[*]}"
  quietly apt-get update
  # A machine's own cluster would be started with the package, and left running.
  if [[ " ${packages[*]} " == *" postgresql "* ]]; then
    apt_install postgresql-common
    sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  fi
  apt_install "${packages[@]}"
}

apt_install() { quietly apt-get install -y --no-install-recommends "$@"; }

# lacks PROGRAM...: whether one of them is missing.
lacks() {
  local program
  for program; do command -v "$program" >/dev/null || return 0; done
  return 1
}

compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }

# virtual_environment DIRECTORY REQUIREMENTS: made anew where the requirements have changed.
virtual_environment() {
  cmp -s "$2" "$1/installed.txt" && return
  quietly python3 -m venv --clear "$1"
  quietly "$1/bin/pip" install --disable-pip-version-check -r "$2"
  cp "$2" "$1/installed.txt"
}

# quietly COMMAND...: shows its output only if it fails.
quietly() {
  local status=0
  "$@" </dev/null >"$SCRATCH/quietly.log" 2>&1 || status=$?
  [ "$status" = 0 ] || cat "$SCRATCH/quietly.log"
  return "$status"
}
