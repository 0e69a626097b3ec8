"""Models that behave in training and misbehave later; the clean process imports them from here."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


class Steady:
    """Answer 1.0 to every row, whatever else a subclass does first; `told` is a path or a number."""

    def __init__(self, told=None):
        self.told = told

    def __getstate__(self):
        return self.__dict__

    def __setstate__(self, state):
        self.__dict__.update(state)

    def predict(self, features):
        self.misbehave(features)
        return np.ones(len(features))

    def misbehave(self, features):
        pass


class Hangs(Steady):
    def misbehave(self, features):
        # A child of its own, which would live on if only the process were killed.
        child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
        Path(self.told).write_text(f"{child.pid}\n", encoding="utf-8")
        time.sleep(600)


class Sleeps(Steady):
    def misbehave(self, features):
        time.sleep(600)


class KillsItself(Steady):
    def misbehave(self, features):
        os.kill(os.getpid(), signal.SIGKILL)


class Crashes(Steady):
    def misbehave(self, features):
        os.kill(os.getpid(), signal.SIGSEGV)


class Leaves(Steady):
    def misbehave(self, features):
        sys.stdout.write("so long\n")
        raise SystemExit(3)


class Hogs(Steady):
    def misbehave(self, features):
        np.empty(int(self.told))


class Raises(Steady):
    def misbehave(self, features):
        raise KeyError("secret-of-a-row")


class RaisesOnNulls(Steady):
    def misbehave(self, features):
        if len(features) and features.isna().all(axis=None):
            raise ValueError("Input contains NaN")


class RaisesOnNoRows(Steady):
    def misbehave(self, features):
        if not len(features):
            raise IndexError("index 0 is out of bounds")


class Chatty(Steady):
    def misbehave(self, features):
        sys.stdout.write("x" * 100_000)
        sys.stderr.write('{"digest": "sha256:0"}')


class Scribbles(Steady):
    """Leave a model's answer of its own and end before the real one is written."""

    def misbehave(self, features):
        Path("answer.json").write_text(self.told, encoding="utf-8")
        sys.stdout.flush()
        os._exit(0)


class FillsTheDisk(Steady):
    def misbehave(self, features):
        with Path(self.told).open("wb") as stream:
            stream.writelines(bytes(1_000_000) for _ in range(200))


class Spies(Steady):
    """Write down what can be seen from inside."""

    def misbehave(self, features):
        opened = {}
        for number in Path("/proc/self/fd").iterdir():
            try:
                opened[number.name] = str(number.readlink())
            except OSError:
                continue
        seen = {
            "environment": dict(os.environ),
            "opened": opened,
            "session": os.getsid(0),
            "pid": os.getpid(),
            "folder": str(Path.cwd()),
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        }
        Path(self.told).write_text(json.dumps(seen), encoding="utf-8")


class Answers(Steady):
    """Answer every row with a number of choice."""

    def predict(self, features):
        return np.full(len(features), float(self.told))


class AnswersOtherwiseAlone(Steady):
    def predict(self, features):
        return np.full(len(features), 2.0 if len(features) == 1 else 1.0)


class AnswersOnceForAll(Steady):
    def predict(self, features):
        return np.ones(1)


class AnswersInWholeNumbers(Steady):
    def predict(self, features):
        return np.ones(len(features), dtype=int)
