"""What failed of a topic: the worst first, with its numbers, and what to do about it."""

import math
from dataclasses import dataclass
from functools import cached_property

from stageline.monitoring.incident_topics import CAUSE, ROLLED_BACK, Subject, advice, is_wrong, subject_of
from stageline.verdicts import Check, Severity, Verdict

_MOST_CHECKS = 20
_MOST_NAMES = 5
_FARTHEST = 1e9
_TICKET = "SL-O003"
_KEPT_DETAILS = ("code", "name", "column", "sli")


@dataclass(frozen=True)
class Failures:
    """The failed checks among all of a topic.

    :param checks: All of them: one that tells what came back rests on one that measured it.
    """

    topic: str
    checks: tuple[Check, ...]

    @cached_property
    def failed(self) -> tuple[Check, ...]:
        """Those that say that something is wrong, the worst first and the cause last."""
        failed = [check for check in self.checks if is_wrong(check)]
        return tuple(sorted(failed, key=lambda each: (each.code == CAUSE, -self._breach(each), *subject_of(each))))

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Code and name of what failed, sorted."""
        return tuple(sorted({subject_of(check) for check in self.failed}))

    @property
    def severity(self) -> Severity:
        """A warning where all that failed can wait until tomorrow."""
        return Severity.WARNING if all(check.code == _TICKET for check in self.failed) else Severity.CRITICAL

    @property
    def worst(self) -> float:
        """How far beyond its limit the worst check's value is, in limits."""
        return max(map(self._breach, self.failed), default=0.0)

    @property
    def evidence(self) -> tuple[Check, ...]:
        """The worst of them, small enough to be kept with every change."""
        return tuple(
            check.model_copy(
                update={
                    "message": self._message(check),
                    "details": {key: check.details[key] for key in _KEPT_DETAILS if key in check.details},
                }
            )
            for check in self.failed[:_MOST_CHECKS]
        )

    @property
    def sentence(self) -> str:
        """What is wrong, with its numbers, and what to do."""
        cause = [check.message for check in self.failed if check.code == CAUSE]
        others = [check for check in self.failed if check.code != CAUSE]
        said = [self._message(check) for check in others[:1]]
        names = list(dict.fromkeys(subject_of(check)[1] for check in others[1:]))
        if names:
            said.append(f"also {', '.join(names[:_MOST_NAMES])}{', …' if len(names) > _MOST_NAMES else ''}")
        done = [check for check in self.checks if check.code == ROLLED_BACK and check.verdict is Verdict.PASSED]
        what = "; ".join((*said, *cause, *(check.message for check in done))).rstrip(". ")
        return f"{what}. {advice(self.topic, frozenset(check.code for check in (*self.failed, *done)))}."

    @cached_property
    def _by_subject(self) -> dict[Subject, Check]:
        return {(check.code, check.name): check for check in self.checks}

    def _measured(self, check: Check) -> Check:
        return self._by_subject.get(subject_of(check), check)

    def _message(self, check: Check) -> str:
        measured = self._measured(check)
        return check.message if measured is check else f"{measured.message}; {check.message}"

    def _breach(self, check: Check) -> float:
        measured = self._measured(check)
        # The limit of the cause is zero, in the unit of the KPI: it has no size beside the others.
        if measured.value is None or measured.limit is None or check.code == CAUSE:
            return 0.0
        beyond = abs(measured.value - measured.limit)
        relative = beyond / abs(measured.limit) if measured.limit else beyond
        return min(relative, _FARTHEST) if math.isfinite(relative) else _FARTHEST
