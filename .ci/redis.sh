# shellcheck shell=bash
# A private Redis that saves nothing, on loopback, gone after the run. It wants `free_port` of .ci/postgres.sh.

REDIS_PID=
REDIS_PORT=

start_redis() {
  REDIS_PORT=$(free_port)
  redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --save '' --appendonly no --dir "$SCRATCH" >"$SCRATCH/redis.log" 2>&1 &
  REDIS_PID=$!
  for _ in {1..100}; do
    [ "$(redis-cli -p "$REDIS_PORT" ping 2>/dev/null)" = PONG ] && return
    sleep 0.1
  done
  cat "$SCRATCH/redis.log"
  return 1
}

redis_url() { echo "redis://127.0.0.1:$REDIS_PORT"; }

stop_redis() {
  [ -n "$REDIS_PID" ] || return 0
  kill "$REDIS_PID" 2>/dev/null || true
  wait "$REDIS_PID" 2>/dev/null || true
  REDIS_PID=
}
