# shellcheck shell=bash
# The release binary, driven from outside.

CASES=../shared/cases
SERVICE_PID=

# check_service NAME [ARGUMENTS OF serve]
check_service() {
  start_service "$@"
  "$BINARY" health --listen "${SERVICE_URL#http://}"
  run_wire_cases
  "$BINARY" bench --url "$SERVICE_URL" --drivers 20 --riders 2 --seconds 2
  stop_service
}

# start_service NAME [ARGUMENTS OF serve]
start_service() { start "$1" "$BINARY" serve --listen 127.0.0.1:0 --data-dir "$SCRATCH/$1" --limits off "${@:2}"; }

# start NAME COMMAND...: a service that says where it listens; sets SERVICE_PID and SERVICE_URL.
start() {
  SERVICE_LOG=$SCRATCH/$1.log
  local out=$SCRATCH/$1.out said=
  : >"$out"
  "${@:2}" </dev/null >"$out" 2>"$SERVICE_LOG" &
  SERVICE_PID=$!
  for _ in {1..300}; do
    if read -r said <"$out" || ! kill -0 "$SERVICE_PID" 2>/dev/null; then break; fi
    sleep 0.1
  done
  [[ $said =~ ^'listening on '(http://127\.0\.0\.1:[0-9]+)$ ]] || {
    echo "the first line of \`${*:2}\` is not 'listening on http://127.0.0.1:PORT' but '$said'"
    return 1
  }
  SERVICE_URL=${BASH_REMATCH[1]}
}

# A service that is told to stop ends soon, and well.
stop_service() {
  local status=0
  kill -TERM "$SERVICE_PID"
  timeout 30 tail --pid="$SERVICE_PID" -f /dev/null || {
    echo "the service has not ended 30 s after SIGTERM"
    return 1
  }
  wait "$SERVICE_PID" || status=$?
  [ "$status" = 0 ] || {
    echo "the service ended with status $status after SIGTERM"
    return 1
  }
  SERVICE_PID=
}

# What a failed check leaves behind: the service, and what it said.
abandon_service() {
  [ -n "$SERVICE_PID" ] || return 0
  kill -KILL "$SERVICE_PID" 2>/dev/null || true
  wait "$SERVICE_PID" 2>/dev/null || true
  echo "the last lines of the service's log:"
  tail -n 60 "$SERVICE_LOG"
}

# All of them, in each way to authenticate.
run_wire_cases() {
  if [ ! -d "$CASES" ] && [ -z "${CI:-}" ]; then
    echo "not run: the wire cases, for want of $CASES"
    return
  fi
  virtual_environment "$TOOLS/cases" "$CASES/requirements.txt"
  CASES_VENV=$TOOLS/cases AUTH_MODES="bearer query cookie" "$CASES/run.sh" "$SERVICE_URL"
}

# Everything that is scripted happens before the third trip is finished.
run_demo() {
  local said words
  said=$(timeout 120 "$BINARY" demo --trips 3 --listen 127.0.0.1:0)
  printf '%s\n' "$said"
  for words in "cabrank asks" "declines" "has not answered" "gives it back" "was told the code" "(no-show " "(base " "3 trips finished"; do
    grep -qF "$words" <<<"$said" || { echo "the demo does not say: $words" && return 1; }
  done
}
