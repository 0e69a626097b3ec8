"""Starting the clean process, waiting for it, and making sure that nothing of it is left."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import stageline
from stageline.release.validation.request import Request

# All that it inherits: no AIRFLOW_, AWS_ or MLFLOW_ variable, and whatever else may hold a credential.
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ")
# One thread, so that latency and address space say more of the model than of the machine's cores.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_MOST_ANSWER = 64_000_000
_MOST_SAID = 600


@dataclass(frozen=True)
class Ended:
    """How the clean process ended.

    :param code: Its exit code; below zero the signal that killed it.
    :param timed_out: It was killed because its time was over.
    :param answer: Bytes of its answer file; empty where there is none.
    :param phase: What it had begun last.
    :param said: End of what it printed.
    """

    code: int
    timed_out: bool = False
    answer: bytes = b""
    phase: str = ""
    said: str = ""


def run_clean(request: Request, folder: Path, *, seconds: float) -> Ended:
    """Let a process without credentials answer a request.

    It has a session of its own, which is killed as a whole in the end, whatever happens here.

    :param folder: Scratch folder; its home and working directory.
    :param seconds: Wall-clock time after which it is killed.
    """
    home = folder / "process"
    home.mkdir()
    names = ("request.json", "answer.json", "phase.txt", "output.txt")
    request_file, answer_file, phase_file, output_file = (home / name for name in names)
    request.write(request_file)
    with output_file.open("wb") as output:
        # -P: no module is found in the working directory; -s: nor in a user's own folder.
        process = subprocess.Popen(
            [
                sys.executable, "-P", "-s", "-m", "stageline.release.validation.child",
                str(request_file), str(answer_file), str(phase_file),
            ],
            cwd=home, env=clean_environment(home), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, close_fds=True, start_new_session=True,
        )  # fmt: skip
        timed_out = False
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _kill_session(process)
    return Ended(
        process.returncode, timed_out, _head(answer_file, _MOST_ANSWER),
        _printed(_head(phase_file, _MOST_SAID)), _printed(_tail(output_file, _MOST_SAID)),
    )  # fmt: skip


def clean_environment(home: Path) -> dict[str, str]:
    """Return the whole environment of the clean process."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **inherited,
        **_ONE_THREAD,
        "PYTHONPATH": str(Path(stageline.__file__).parents[1]),
        "PYTHONUTF8": "1",
        "HOME": str(home),
        "TMPDIR": str(home),
    }


def import_folders() -> tuple[str, ...]:
    """Return where this process finds its modules: types of the user's own are found there too."""
    return tuple(folder for folder in sys.path if folder and Path(folder).is_absolute())


def _kill_session(process: "subprocess.Popen[bytes]") -> None:
    # Children that it left behind are of its group: they end with it.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _head(path: Path, most: int) -> bytes:
    # Its code could have put anything there: a link, a folder, nothing.
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as stream:
        return stream.read(most)


def _tail(path: Path, most: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as stream:
        stream.seek(-min(most, path.stat().st_size), os.SEEK_END)
        return stream.read(most)


def _printed(data: bytes) -> str:
    return " ".join("".join(x if x.isprintable() else " " for x in data.decode("utf-8", "replace")).split())
