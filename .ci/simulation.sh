# shellcheck shell=bash
# Simulated days, by the release binary.

# One seed has one outcome: the same bytes twice, of a made-up day and of a real one.
check_simulation() {
  local run day
  for run in 1 2; do
    "$BINARY" simulate --seed 7 --drivers 40 --requests 600 --report "$SCRATCH/made-up-$run.json" --picture "$SCRATCH/made-up-$run.svg"
    "$BINARY" simulate --seed 7 --policy batch+hints --scenario docs/scenarios/manhattan-balanced.json --report "$SCRATCH/real-$run.json" --picture "$SCRATCH/real-$run.svg"
  done
  for day in made-up real; do
    cmp "$SCRATCH/$day-1.json" "$SCRATCH/$day-2.json"
    cmp "$SCRATCH/$day-1.svg" "$SCRATCH/$day-2.svg"
  done
}

# check_dead_devices SCENARIO SEED POLICY...: one device in five is dead, and it costs riders hardly more than if its driver did not exist.
check_dead_devices() {
  local day=(--scenario "docs/scenarios/$1.json" --seed "$2" --dead 200) policy
  for policy in "${@:3}"; do day+=(--policy "$policy"); done
  "$BINARY" simulate "${day[@]}" --without-dead --report "$SCRATCH/without-dead.json" >/dev/null
  "$BINARY" simulate "${day[@]}" --report "$SCRATCH/with-dead.json" >/dev/null
  python3 .ci/dead.py "$SCRATCH/without-dead.json" "$SCRATCH/with-dead.json"
}
