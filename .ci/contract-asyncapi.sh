# shellcheck shell=bash
# The description of the sockets, as the makers of AsyncAPI read it. That its examples fit its schemas is a test of the crate.

# check_asyncapi FILE
check_asyncapi() {
  local checker=$TOOLS/asyncapi
  if ! cmp -s .ci/asyncapi/package-lock.json "$checker/installed.json"; then
    rm -rf "$checker"
    mkdir -p "$checker"
    cp .ci/asyncapi/package.json .ci/asyncapi/package-lock.json "$checker"
    quietly npm ci --prefix "$checker" --ignore-scripts --no-audit --no-fund
    cp .ci/asyncapi/package-lock.json "$checker/installed.json"
  fi
  cp .ci/asyncapi/check.js "$checker"
  node "$checker/check.js" "$1"
}
