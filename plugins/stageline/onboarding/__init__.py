"""From a data file to a pipeline: a spec and expectations proposed, a project laid down."""

from stageline.onboarding.begin import InitResult, init_pipeline
from stageline.onboarding.propose import ProposedSpec, propose_spec
from stageline.onboarding.scaffold import lay_down, place_data
from stageline.onboarding.suite import SuiteProposal, propose_suite

__all__ = [
    "InitResult",
    "ProposedSpec",
    "SuiteProposal",
    "init_pipeline",
    "lay_down",
    "place_data",
    "propose_spec",
    "propose_suite",
]
