"""Whether what is installed can be expected to run what was trained."""

from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

from stageline.verdicts import Check, Verdict

_CODE = "SL-V005"


def judge_versions(trained: Mapping[str, str], installed: Mapping[str, str]) -> Check:
    """Compare libraries by major and minor version.

    One that is older than in training fails: it was never made to read what a newer one wrote. One that is
    newer warns: whether it still gives the same answers, the recorded predictions show. Patches may differ.

    :param trained: Versions recorded at training, by library; `python` among them.
    :param installed: Versions that the clean process found.
    """
    if not trained:
        return _check(Verdict.ERRORED, "training recorded no versions of libraries; train again")
    failures, warnings = [], []
    for name, wanted in trained.items():
        found = installed.get(name)
        if found is None:
            failures.append(f"{name} is not installed, the model was trained with {wanted}; install {name}=={wanted}")
            continue
        order = _order(found, wanted)
        if order is None:
            failures.append(f"{name} is said to be {found!r}, at training {wanted!r}: one of them is no version")
        elif order < 0:
            failures.append(
                f"{name} {found} is installed, the model was trained with {wanted}: an older {name} was not made to "
                f"read what a newer one wrote; install {name} {_series(wanted)} here, or train again"
            )
        elif order > 0:
            warnings.append(f"{name} {found} is installed, the model was trained with {wanted}")
    if failures:
        return _check(Verdict.FAILED, "; ".join(failures))
    if warnings:
        return _check(
            Verdict.WARNED, f"{'; '.join(warnings)}: newer, so only its recorded predictions show that it still works"
        )
    return _check(Verdict.PASSED, f"installed as in training: {', '.join(f'{n} {installed[n]}' for n in trained)}")


def _order(found: str, wanted: str) -> int | None:
    try:
        mine, theirs = Version(found).release[:2], Version(wanted).release[:2]
    except InvalidVersion:
        return None
    return (mine > theirs) - (mine < theirs)


def _series(version: str) -> str:
    return ".".join(map(str, Version(version).release[:2]))


def _check(verdict: Verdict, message: str) -> Check:
    return Check(code=_CODE, name="library_versions", verdict=verdict, message=message)
