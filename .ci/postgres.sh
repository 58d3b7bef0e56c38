# shellcheck shell=bash
# A private PostgreSQL cluster with the defaults of its package (durable: fsync is on), on loopback, gone after the run.

PG_DIR=$SCRATCH/postgres
PG_PORT=

# The directory of the newest server installed, or nothing.
postgres_programs() { find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1; }

# The server refuses to run as root.
as_postgres() { (cd / && if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi); }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_postgres() {
  local programs
  programs=$(postgres_programs)
  mkdir "$PG_DIR"
  if [ "$(id -u)" = 0 ]; then chown postgres "$PG_DIR"; fi
  quietly as_postgres "$programs/initdb" -D "$PG_DIR/data" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8
  PG_PORT=$(free_port)
  as_postgres "$programs/pg_ctl" -D "$PG_DIR/data" -w -s -l "$PG_DIR/log" -o "-h 127.0.0.1 -p $PG_PORT -k $PG_DIR" start </dev/null || {
    cat "$PG_DIR/log"
    return 1
  }
  echo "PostgreSQL listens on 127.0.0.1:$PG_PORT"
}

database_url() { echo "postgres://postgres@127.0.0.1:$PG_PORT/$1"; }

create_database() { psql -q "$(database_url postgres)" -c "CREATE DATABASE $1"; }

stop_postgres() {
  [ -e "$PG_DIR/data/postmaster.pid" ] || return 0
  as_postgres "$(postgres_programs)/pg_ctl" -D "$PG_DIR/data" -m immediate -w -s stop || true
}
