"""From a data file to a pipeline: leaks found, a spec proposed, a project laid down."""

from stageline.onboarding.begin import InitResult, init_pipeline
from stageline.onboarding.leaks import Leak, find_leaks
from stageline.onboarding.propose import ProposedSpec, propose_spec
from stageline.onboarding.scaffold import lay_down, place_data

__all__ = [
    "InitResult",
    "Leak",
    "ProposedSpec",
    "find_leaks",
    "init_pipeline",
    "lay_down",
    "place_data",
    "propose_spec",
]
