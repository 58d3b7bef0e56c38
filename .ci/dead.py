"""Compares a day in which some devices are dead with the same day without their drivers: dead.py WITHOUT.json WITH.json, reports of `cabrank simulate`.

Ends with 1 where riders wait more than 10 % longer in the mean, or more than one in 100 requests more are lost. Less of either is no fault: two days that
differ in one offer differ in many afterwards.
"""

import json
import sys

WAIT_PERCENT_MAX = 10.0
LOST_PERCENT_MAX = 1.0


def lost_percent(day, policy):
    lost = policy["expired"] + policy["gave_up"] + policy["cancelled"]
    return 100.0 * lost / day["requests"]


def main(without, with_dead):
    days = []
    for file in (without, with_dead):
        with open(file, encoding="utf-8") as report:
            days.append(json.load(report))
    is_fine = True
    for alone, beside in zip(days[0]["policies"], days[1]["policies"], strict=True):
        assert alone["policy"] == beside["policy"]
        waits = (alone["wait"]["mean_ms"] / 1_000, beside["wait"]["mean_ms"] / 1_000)
        losses = (lost_percent(days[0], alone), lost_percent(days[1], beside))
        longer = 100.0 * (waits[1] / waits[0] - 1.0)
        more = losses[1] - losses[0]
        is_within = longer <= WAIT_PERCENT_MAX and more <= LOST_PERCENT_MAX
        is_fine = is_fine and is_within
        print(
            f"{days[1]['scenario']}, seed {days[1]['seed']}, {alone['policy']}: wait {waits[0]:.1f} s without and {waits[1]:.1f} s with dead devices "
            f"({longer:+.1f} %), lost {losses[0]:.2f} % and {losses[1]:.2f} % ({more:+.2f}), {beside['offers']['undelivered']} offers undelivered: "
            f"{'within the bounds' if is_within else 'BEYOND THE BOUNDS'}"
        )
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
