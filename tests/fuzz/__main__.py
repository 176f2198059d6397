"""Coverage-guided fuzzing of what reads callers' bytes, on Linux, where atheris has a wheel.

    .venv/bin/python -m tests.fuzz spans --seconds 180
    .venv/bin/python -m tests.fuzz imports --seconds 180 --keep

It begins with the target's corpus and with what earlier runs found, which is in ``build/fuzz``
unless ``--found`` names another folder, and prints what libFuzzer says. An input that raises or
takes 20 seconds ends it with a status other than 0 and is written there. ``--keep`` then makes the
corpus anew, of the fewest inputs that run all of the app's lines that any of them runs.
"""

import argparse
import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["app"]):
    from tests.fuzz.harvest import keep
    from tests.fuzz.targets import TARGETS, corpus_of

_BUILD = Path("build") / "fuzz"
_LONGEST = 8192
"""Bytes of an input."""
_SECONDS_EACH = 20
_MEBIBYTES = 2048


def main() -> None:
    """Fuzz one target for a while."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0 chooses one")
    parser.add_argument("--found", type=Path, default=_BUILD, help="where inputs are written")
    parser.add_argument("--keep", action="store_true", help="take what is new into the corpus")
    given = parser.parse_args()
    found = given.found / given.target
    found.mkdir(parents=True, exist_ok=True)
    if given.keep:
        # libFuzzer ends its process itself, so that what comes after it needs another.
        child = os.fork()
        if child:
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            keep(given.target, found)
            sys.exit(status)
    arguments = [
        sys.argv[0],
        f"-max_total_time={given.seconds}",
        f"-max_len={_LONGEST}",
        f"-timeout={_SECONDS_EACH}",
        f"-rss_limit_mb={_MEBIBYTES}",
        f"-seed={given.seed}",
        f"-artifact_prefix={given.found}/",
        "-print_final_stats=1",
        str(found),
        str(corpus_of(given.target)),
    ]
    atheris.Setup(arguments, TARGETS[given.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
