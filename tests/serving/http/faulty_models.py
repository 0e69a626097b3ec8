"""Models that fail, each in its own way; the server loads them from files, as it does any other."""

import time
from typing import Any

import numpy as np

TYPE = "faulty_models.Faulty"


class Faulty:
    """Answer 1,000 and the number `x` for each row, but for what is wrong.

    :param how: `none`, `nan`, `infinite`, `raises`, `wrong_shape`, `constant`, `slow` or `hangs`.
    :param above: Only rows whose `x` is greater are answered wrongly.
    """

    def __init__(self, how: str = "none", above: float = -1.0, base: float = 1_000.0, seconds: float = 0.0) -> None:
        self.how, self.above, self.base, self.seconds = how, above, base, seconds

    def predict(self, frame: Any) -> Any:
        x = frame["x"].to_numpy(dtype=float)
        if self.seconds:
            time.sleep(self.seconds)
        answers, bad = self.base + x, x > self.above
        if not bad.any():
            return answers
        if self.how == "raises":
            raise ValueError(f"this row is private: {x[bad][0]}")
        if self.how == "hangs":
            time.sleep(600)
        if self.how == "wrong_shape":
            return answers[:-1] if len(answers) > 1 else np.column_stack([answers, answers])
        if self.how == "constant":
            return np.full(len(x), 7.0)
        if self.how in ("nan", "infinite"):
            answers[bad] = np.nan if self.how == "nan" else np.inf
        return answers
