"""`python -m stageline.serving.http`: serve what the environment says; `stageline serve` starts it so."""

import os
import sys
from dataclasses import replace

from stageline.exceptions import StagelineError
from stageline.serving.http.options import TOKEN_VARIABLE, VARIABLE, Options
from stageline.serving.http.process import serve

# A model is asked about few rows at a time: threads of its own would wait for each other, and for the other models'.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> int:
    """Serve until a signal says to end; returns the exit code."""
    for name in _ONE_THREAD:
        # Read when NumPy and scikit-learn are loaded, which is later.
        os.environ.setdefault(name, "1")
    try:
        # Out of the environment: what is started from here has no need of them.
        options = Options.from_text(os.environ.pop(VARIABLE, ""))
        token = os.environ.pop(TOKEN_VARIABLE, "")
    except StagelineError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the process is a command
        return 1
    return serve(replace(options, token=options.token or token))


if __name__ == "__main__":
    sys.exit(main())
