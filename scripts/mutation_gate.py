"""Take away each guard of the database in turn, and see that the suite notices: `make mutation-gate`.

A guard that no test misses guards nothing that anybody has thought of. For each, the tests of its package run on a
database without it, up to the first that fails; where none does, the guard is reported and the exit code is 1.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutation.guards import GUARDS  # noqa: E402 - the project is not installed

# The plainest attack first; what it does not notice, the tests of the package have to.
FIRST = "tests/mutation/test_refused_rows.py"
TESTS = {
    "access": ("tests/access",),
    "exactly_once": ("tests/exactly_once",),
    "ledger": ("tests/ledger",),
    "payments": ("tests/payments", "tests/checkout"),
    "checkout": ("tests/checkout", "tests/concurrency"),
}
# The first test that fails is enough; only its name is wanted.
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def main() -> None:
    """Try them all, or as many as asked for, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="this many, drawn by --seed; else all")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311 - no secret
    parser.add_argument("--only", action="append", default=[], help="TABLE.NAME; may be given again")
    options = parser.parse_args()
    chosen = options.only or [f"{table}.{name}" for table, names in GUARDS.items() for name in names]
    if options.sample is not None:
        print(f"seed {options.seed}")
        chosen = random.Random(options.seed).sample(chosen, options.sample)  # noqa: S311 - no secret
    survivors = [guard for number, guard in enumerate(chosen, start=1) if not _is_noticed(guard, number, len(chosen))]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} guards are missed by a test when they are gone.")
    if survivors:
        print("Nobody misses: " + ", ".join(survivors))
        sys.exit(1)


def _is_noticed(guard: str, number: int, total: int) -> bool:
    started = time.monotonic()
    package = next(name for name in TESTS if guard.startswith(f"{name}_"))
    done = subprocess.run(
        # The guard is given back in the end, so that one database serves for all.
        [*PYTEST, "--create-db" if number == 1 else "--reuse-db", FIRST, *TESTS[package]],
        cwd=ROOT,
        env={**os.environ, "TALLY_WITHOUT_GUARD": guard},
        capture_output=True,
        text=True,
        check=False,
    )
    found = FAILED.search(done.stdout)
    if done.returncode not in (0, 1) or (done.returncode == 1 and not found):
        sys.exit(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    said = f"noticed by {found[1]}" if found else "NOT NOTICED"
    print(f"{number:3}/{total} {guard}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
    return found is not None


if __name__ == "__main__":
    main()
