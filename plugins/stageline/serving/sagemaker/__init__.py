"""Serving on Amazon SageMaker: one endpoint, the champion and the canary as its variants."""

from stageline.serving.sagemaker.clients import ClientFactory, Clients, of_session
from stageline.serving.sagemaker.failures import SageMakerOutage
from stageline.serving.sagemaker.target import SageMakerTarget

__all__ = ["ClientFactory", "Clients", "SageMakerOutage", "SageMakerTarget", "of_session"]
