# shellcheck shell=bash
# The clients on Node, against the release binary.

install_node() {
  local packages=()
  lacks node && packages+=(nodejs)
  lacks npm && packages+=(npm)
  if [ "${#packages[@]}" -gt 0 ]; then
    echo "installing ${packages[*]}"
    quietly apt-get update
    apt_install "${packages[@]}"
  fi
  printf 'node %s, npm %s\n' "$(node --version)" "$(npm --version)"
}

# check_node_package DIRECTORY: its types, and its tests with a service that they start themselves.
check_node_package() {
  quietly npm --prefix "$1" ci --no-audit --no-fund
  CABRANK_BINARY=$BINARY timeout 600 npm --prefix "$1" test </dev/null
}

check_clients() {
  install_node
  check_node_package clients/typescript
  check_node_package tests/dcrf-client
}
