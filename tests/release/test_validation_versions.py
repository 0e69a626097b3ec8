import pytest
from packaging.version import Version

from stageline.release.validation.versions import judge_versions
from stageline.training import library_versions
from stageline.verdicts import Verdict

TRAINED = {"python": "3.11.7", "scikit-learn": "1.9.1"}

CASES = {
    "the same": ({}, Verdict.PASSED, "installed as in training: python 3.11.7, scikit-learn 1.9.1"),
    "another patch": ({"scikit-learn": "1.9.0"}, Verdict.PASSED, "installed as in training: python 3.11.7, scikit-learn 1.9.0"),
    "older": (
        {"scikit-learn": "1.8.3"}, Verdict.FAILED,
        "scikit-learn 1.8.3 is installed, the model was trained with 1.9.1: an older scikit-learn was not made to read what a newer one wrote; install scikit-learn 1.9 here, or train again",
    ),
    "much older": (
        {"scikit-learn": "0.24"}, Verdict.FAILED,
        "scikit-learn 0.24 is installed, the model was trained with 1.9.1: an older scikit-learn was not made to read what a newer one wrote; install scikit-learn 1.9 here, or train again",
    ),
    "newer": (
        {"scikit-learn": "1.10.0"}, Verdict.WARNED,
        "scikit-learn 1.10.0 is installed, the model was trained with 1.9.1: newer, so only its recorded predictions show that it still works",
    ),
    "missing": (
        {"scikit-learn": None}, Verdict.FAILED,
        "scikit-learn is not installed, the model was trained with 1.9.1; install scikit-learn==1.9.1",
    ),
    "no version": (
        {"scikit-learn": "unknown"}, Verdict.FAILED,
        "scikit-learn is said to be 'unknown', at training '1.9.1': one of them is no version",
    ),
    "older before newer": (
        {"scikit-learn": "1.10.0", "python": "3.10.2"}, Verdict.FAILED,
        "python 3.10.2 is installed, the model was trained with 3.11.7: an older python was not made to read what a newer one wrote; install python 3.11 here, or train again",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "verdict", "message"), CASES.values(), ids=CASES)
def test_versions(changes, verdict, message):
    installed = {name: version for name, version in (TRAINED | changes).items() if version is not None}
    check = judge_versions(TRAINED, installed)
    assert (check.code, check.verdict, check.message) == ("SL-V005", verdict, message)


def test_no_versions_on_record_prove_nothing():
    assert judge_versions({}, TRAINED).verdict is Verdict.ERRORED


def test_what_is_installed_can_be_compared():
    found = library_versions()
    assert set(found) == {"python", "numpy", "pandas", "scikit-learn", "skops"}
    assert all(Version(version).release >= (0, 1) for version in found.values())
    assert judge_versions(found, found).verdict is Verdict.PASSED
