"""The clean process: it bounds itself, loads the model, asks it, and writes down what it measured.

`python -m stageline.release.validation.child REQUEST ANSWER PHASE`. It judges nothing; what it will not do is
open a file of another digest, or one with types that are not trusted.
"""

import json
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from stageline.release.validation.request import Request

# Of anything the model's code may write: a full disk would hurt others.
_MOST_WRITTEN = 64_000_000


def main() -> None:
    """Answer one request."""
    request_file, answer_file, phase_file = map(Path, sys.argv[1:])
    request = Request.read(request_file)
    _bound(request)
    sys.path.extend(folder for folder in request.import_folders if folder not in sys.path)

    from stageline.release.validation.measuring import measure

    answer = measure(request, lambda phase: phase_file.write_text(phase, encoding="utf-8"))
    answer_file.write_text(json.dumps(answer, default=repr), encoding="utf-8")


def _bound(request: Request) -> None:
    # An orphan, whose parent was killed, ends by itself: the default action of the alarm needs no Python.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(request.seconds)
    limits = {
        resource.RLIMIT_CORE: 0,  # a core file would hold rows
        resource.RLIMIT_FSIZE: _MOST_WRITTEN,
        resource.RLIMIT_AS: request.address_space,
    }
    for kind, most in limits.items():
        # Not every system has each of them, and a lower limit of the worker's own stays.
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
