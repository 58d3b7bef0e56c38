#!/usr/bin/env bash
# benches/matching.sh      cabrank's assignment beside SciPy, lap and OR-tools in one run; prints Markdown tables
#
# env: CABRANK_BENCH_TRIPS=FILE (real trips instead of an invented town; see crates/matching/benches/peers/main.rs)
# It needs python3 with venv, and installs the solvers of .ci/matching.txt below the target directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=.ci/tools.sh
. .ci/tools.sh
if [ -n "${CABRANK_BENCH_TRIPS:-}" ]; then CABRANK_BENCH_TRIPS=$(realpath "$CABRANK_BENCH_TRIPS") && export CABRANK_BENCH_TRIPS; fi # cargo starts a bench in the directory of its crate

python3 -c 'import ensurepip, venv' 2>/dev/null || {
  echo "matching.sh: apt install python3-venv" >&2
  exit 1
}

# Built first, so that no compiler is measured.
cargo bench -p cabrank-matching --bench peers --no-run

peers=$(realpath -m "${CARGO_TARGET_DIR:-target}")/ci/matching
virtual_environment "$peers" .ci/matching.txt
CABRANK_BENCH_PEERS=$peers/bin/python TMPDIR=$SCRATCH cargo bench -p cabrank-matching --bench peers
