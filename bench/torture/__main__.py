"""Torture programs that must survive being killed, and write a report.

python -m bench.torture --kills 200 --output bench/results/<machine>/torture.json
"""

import argparse
import json
import time
from pathlib import Path

from bench.torture.kills import torture
from bench.torture.targets import SolverTarget, StoreTarget, Target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--kills", type=int, default=200, help="of all programs together"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="names that hold this text")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    stores = [
        (".npy", "full"),
        (".npy", "lower"),
        (".zarr", "full"),
        (".zarr", "lower"),
    ]
    targets: list[Target] = [StoreTarget(*store) for store in stores]
    targets.append(StoreTarget(".npy", options={"chunk": None}))
    targets.append(SolverTarget())
    targets = [target for target in targets if options.only in target.name]
    share = -(-options.kills // len(targets))
    reports = []
    for k, target in enumerate(targets):
        outcome = torture(target, share, seed=options.seed + k)
        reports.append(outcome.as_dict())
        print(json.dumps(reports[-1]), flush=True)
    if options.output:
        keys = ("kills", "hit_a_write_or_rename", "wrong_results")
        report = {
            "date": time.strftime("%Y-%m-%d"),
            "command": f"python -m bench.torture --kills {options.kills}",
            **{key: sum(r[key] for r in reports) for key in keys},
            "parts_computed_again": sum(r["parts_computed_again"] for r in reports),
            "programs": reports,
        }
        options.output.write_text(json.dumps(report, indent=1) + "\n")
    return int(any(r["wrong_results"] or r["parts_computed_again"] for r in reports))


if __name__ == "__main__":
    raise SystemExit(main())
