"""The SageMaker target: an endpoint made to serve what the ledger's head says, and asked for proof of it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import TargetError
from stageline.serving.sagemaker.answers import Answers, with_answers
from stageline.serving.sagemaker.api import Api, Look
from stageline.serving.sagemaker.archive import DIGEST, pack
from stageline.serving.sagemaker.claims import own
from stageline.serving.sagemaker.clients import Clients
from stageline.serving.sagemaker.compare import Action, Do, compare
from stageline.serving.sagemaker.described import Endpoint
from stageline.serving.sagemaker.failures import NotAcceptedError, NotThereError, SageMakerOutage
from stageline.serving.sagemaker.names import CHAMPION, canary_name
from stageline.serving.sagemaker.position import marks, require_newest
from stageline.serving.sagemaker.served import served_by
from stageline.serving.sagemaker.shelf import Shelf
from stageline.serving.sagemaker.traffic import count
from stageline.serving.sagemaker.update import update_once
from stageline.serving.sagemaker.wanted import Model, Wanted, wanted
from stageline.serving.sagemaker.weights import shift_once, undone
from stageline.serving.target import Served
from stageline.traffic import Arm, Traffic

if TYPE_CHECKING:
    from stageline.ledger import Head, ModelVersion
    from stageline.spec.sagemaker_target import SageMaker


class SageMakerTarget:
    """A real-time endpoint on SageMaker, as a `Target`.

    :param file_of: Returns a model's file on this machine; asked only where SageMaker does not know the model.
    :param trusted_types: Import paths of types to trust in it beside our own list.
    """

    def __init__(
        self,
        settings: "SageMaker",
        clients: Clients,
        *,
        file_of: "Callable[[ModelVersion], Path]",
        trusted_types: tuple[str, ...] = (),
    ) -> None:
        self._settings = settings
        self._metrics, self._files = clients.metrics, clients.files
        self._api = Api(clients, settings.endpoint)
        self._shelf = Shelf(clients.files, settings.archives)
        self._file_of = file_of
        self._trusted_types = trusted_types

    def converge(self, head: "Head") -> Served:
        """Ask for what the head says, where nobody has, and return what the endpoint serves.

        :raises TargetError: It does not serve that, and will not by itself; or a newer record was asked for.
        :raises SageMakerOutage: AWS cannot be reached.
        """
        asked = wanted(head, self._settings)
        look, action = self._judged(asked)
        if (
            look.endpoint is not None
            and action.do is not Do.WAIT
            and require_newest(self._api, look.endpoint.arn, asked)
        ):
            look, action = self._judged(asked)
        return served_by(look, self._done(asked, look, action))

    def served(self) -> Served:
        """Return what the endpoint serves.

        :raises TargetError: Nobody can say: it serves a mix, or AWS refuses to tell.
        :raises SageMakerOutage: AWS cannot be reached.
        """
        look = self._api.look()
        resting = look.endpoint is None or (look.endpoint.status == "InService" and not look.endpoint.pending)
        return served_by(look, "" if resting or look.endpoint is None else f"the endpoint is {look.endpoint.status}")

    def observe(self, head: "Head", start: datetime, end: datetime) -> Traffic:
        """Return what CloudWatch counted, in whole minutes, and where answers are captured, what they said.

        The unit is a call, not a row. There are no latencies and no losses.

        :raises TargetError: AWS refuses to tell, or what it captured cannot be read.
        :raises SageMakerOutage: CloudWatch cannot be reached, or its numbers are not complete.
        """
        endpoint, capture = self._settings.endpoint, self._settings.capture
        names = [CHAMPION, *([canary_name(head.canary.sequence)] if head.canary else [])]
        arms = count(self._metrics, endpoint, names, start, end)
        if capture is not None:
            answers = Answers(self._files, capture.uri, endpoint)
            arms = {name: with_answers(arm, answers.read(name, start, end)) for name, arm in arms.items()}
        return Traffic(
            start=start,
            end=end,
            percent=head.canary.percent if head.canary else 0,
            champion=arms[CHAMPION],
            canary=arms[names[-1]] if head.canary else Arm(events=0),
        )

    def _judged(self, asked: Wanted) -> tuple[Look, Action]:
        """Return the endpoint as it is and what is to be done about it.

        :raises TargetError: Nothing can be done.
        """
        look = self._api.look()
        action = compare(asked, look.endpoint, look.configuration)
        if action.do is Do.REFUSE:
            raise TargetError(f"endpoint {asked.endpoint!r} {action.words}")
        if action.do is Do.WAIT and look.endpoint is not None:
            self._require_moving(look, look.endpoint, action)
        return look, action

    def _require_moving(self, look: Look, endpoint: Endpoint, action: Action) -> None:
        last = max(endpoint.modified, endpoint.since or endpoint.modified)
        if look.now - last > self._settings.patience:
            minutes = (look.now - last).total_seconds() / 60
            raise TargetError(
                f"endpoint {endpoint.name!r} is stuck: {action.words}, and it is {endpoint.status} for {minutes:,.0f} "
                "minutes without a change, longer than `patience`; nothing more is changed: look at its events"
            )

    def _done(self, asked: Wanted, look: Look, action: Action) -> str:
        """Do what is to be done; return what is under way then, empty where nothing is."""
        if look.endpoint is None:
            return self._create(asked)
        if action.do is Do.DRAIN and undone(self._api, asked, look.endpoint, action):
            action = Action(Do.UPDATE)
        if action.do in (Do.SHIFT, Do.DRAIN):
            return shift_once(self._api, asked, look.endpoint, action)
        if action.do is Do.UPDATE:
            self._make_models(asked)
            return update_once(self._api, asked, look, look.endpoint, self._settings.guardrails)
        return action.words

    def _create(self, asked: Wanted) -> str:
        self._make_models(asked)
        claims = own(self._api.claims(asked.pipeline), asked.name)
        name = claims[-1].name if claims else asked.name
        if not claims:
            self._api.make_configuration(name, asked, seen="")
        try:
            self._api.create(name, marks(asked))
        except NotThereError as error:
            raise SageMakerOutage(f"{error}: it is not visible yet; the step tries again") from error
        except NotAcceptedError:
            # SageMaker makes one endpoint of a name: another copy of this step may have been faster.
            if self._api.look().endpoint is None:
                raise
        return f"the endpoint is being created with {name}"

    def _make_models(self, asked: Wanted) -> None:
        for model in asked.models:
            found = self._api.model(model.name)
            if found is None:
                archive = pack(
                    self._file_of(model.version), digest=model.version.digest, trusted_types=self._trusted_types
                )
                self._api.make_model(model, self._shelf.put(archive))
                continue
            container = found.get("PrimaryContainer") or {}
            held = (container.get("Image"), (container.get("Environment") or {}).get(DIGEST))
            if held != (model.image, model.version.digest):
                self._refuse_model(model, held)

    def _refuse_model(self, model: Model, held: tuple[str | None, str | None]) -> None:
        raise TargetError(
            f"SageMaker's model {model.name!r} holds {held[1] or 'no known file'} in {held[0] or 'no image'}, not "
            f"{model.version.digest} in {model.image}: another hand made it; delete it and run the step again"
        )
