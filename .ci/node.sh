# shellcheck shell=bash
# The clients on Node, against the release binary.

# check_node_package DIRECTORY: its types, and its tests with a service that they start themselves.
check_node_package() {
  quietly npm --prefix "$1" ci --no-audit --no-fund
  CABRANK_BINARY=$BINARY timeout 600 npm --prefix "$1" test </dev/null
}

check_clients() {
  check_node_package clients/typescript
  check_node_package tests/dcrf-client
}
