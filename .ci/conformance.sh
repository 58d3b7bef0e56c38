# shellcheck shell=bash
# The sockets' codec against the Autobahn cases, with the echo of examples/echo.rs, which `cargo test` has built.

check_conformance() {
  local report=$SCRATCH/conformance status=0
  virtual_environment "$TOOLS/conformance" .ci/conformance.txt
  start conformance "$CARGO_TARGET_DIR/debug/examples/echo"
  # It fails for what is not implemented, too; the report is read instead.
  timeout 120 "$TOOLS/conformance/bin/kosoku" -m fuzzingclient -p 2 -o "$report" "${SERVICE_URL#http://}/" >"$report.log" 2>&1 || status=$?
  [ -e "$report/index.json" ] || {
    echo "the cases ended with status $status and without a report:"
    tail "$report.log"
    return 1
  }
  python3 .ci/conformance.py "$report/index.json"
  stop_service
}
