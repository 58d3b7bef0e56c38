# shellcheck shell=bash
# The started service against its own description: requests made from it, valid and not, as everybody who may call.

CONTRACT_SECONDS=60

check_contract() {
  local account role explorers=() failed=0
  virtual_environment "$TOOLS/contract" .ci/contract.txt
  start_service contract --rider-trips 1000000 --rider-bookings 1000000 --town .ci/contract-town.json
  # Log-ins are the visitor's, since too many end the first one's session.
  for account in rider:rider driver:driver operator:operator visitor:rider; do
    "$BINARY" user add --username "${account%:*}" --role "${account#*:}" --password-stdin --data-dir "$SCRATCH/contract" <<<"${account%:*}-${account%:*}"
  done
  # All at once: a driver needs riders.
  for role in rider driver operator; do
    explore "$role" "$role" --max-time "$CONTRACT_SECONDS" --exclude-path /api/log_out/ &
    explorers+=($!)
  done
  for role in "${explorers[@]}"; do wait "$role" || failed=1; done
  # Last and alone, for it ends the session.
  explore log_out rider --max-examples 10 --include-path /api/log_out/ || failed=1
  [ "$failed" = 0 ] || return 1
  stop_service
}

# explore NAME ROLE [ARGUMENTS OF schemathesis run]. Sockets are no requests, and events come for ever.
explore() {
  local token out=$SCRATCH/explore-$1.txt status=0
  token=$(access_token "$2") || return 1
  CONTRACT_CALLER=$2 SCHEMATHESIS_HOOKS=.ci/contract.py timeout 300 "$TOOLS/contract/bin/schemathesis" --no-color --config-file .ci/contract.toml run \
    "$SERVICE_URL/openapi.json" -H "Authorization: Bearer $token" --exclude-tag sockets --exclude-path /api/events/ "${@:3}" \
    </dev/null >"$out" 2>&1 || status=$?
  if [ "$status" = 0 ]; then
    echo "$1: $(grep ' generated, ' "$out")"
  else
    echo "$1: ended with status $status"
    cat "$out"
  fi
  return "$status"
}

access_token() {
  curl -fsS "$SERVICE_URL/api/log_in/" -d "username=$1&password=$1-$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["access"])'
}
