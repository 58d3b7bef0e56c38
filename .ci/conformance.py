"""conformance.py REPORT: counts what the WebSocket cases say, and fails on whatever is not as the standard wants it."""

import collections
import json
import sys

# NON-STRICT is late, not wrong: text that is not UTF-8 is refused once its message is complete.
FINE = {"OK", "NON-STRICT", "INFORMATIONAL"}
# Compression, which is not offered.
NOT_OFFERED = ("12.", "13.")


def is_fine(name, case):
    behavior = case["behavior"]
    return case["behaviorClose"] in FINE and (
        behavior in FINE or behavior == "UNIMPLEMENTED" and name.startswith(NOT_OFFERED)
    )


with open(sys.argv[1], encoding="utf-8") as report:
    (cases,) = json.load(report).values()
for key in "behavior", "behaviorClose":
    counts = collections.Counter(case[key] for case in cases.values())
    print(f"{key}:", ", ".join(f"{count} {word}" for word, count in counts.most_common()))
wrong = {name: case for name, case in cases.items() if not is_fine(name, case)}
for name, case in wrong.items():
    print(f"case {name}: {case['behavior']}, close {case['behaviorClose']}, code {case['remoteCloseCode']}")
sys.exit(bool(wrong) or not cases)
