"""What is to be done about an endpoint: what is wanted against what is described, a pure function."""

from dataclasses import dataclass
from enum import StrEnum
from math import isclose

from stageline.serving.sagemaker.described import Configuration, Endpoint, Running
from stageline.serving.sagemaker.names import CHAMPION
from stageline.serving.sagemaker.states import ABSENT, Standing, state_of
from stageline.serving.sagemaker.wanted import Variant, Wanted

# Weights are kept as single-precision numbers.
_CLOSE = 1e-4


class Do(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"  # it serves what was asked for
    WAIT = "wait"
    CREATE = "create"
    UPDATE = "update"
    SHIFT = "shift"  # only the weights
    DRAIN = "drain"  # take the traffic off a canary that is over, before the slow update removes it
    REFUSE = "refuse"


@dataclass(frozen=True)
class Action:
    """What is to be done, and why.

    :param weights: For `SHIFT` and `DRAIN`, by the variant's name.
    """

    do: Do
    words: str = ""
    weights: tuple[tuple[str, float], ...] = ()


def compare(wanted: Wanted, endpoint: Endpoint | None, configuration: Configuration | None) -> Action:
    """Return what is to be done.

    :param endpoint: None: there is none.
    :param configuration: The one that it uses; none: it is gone, or not said.
    """
    used = (
        configuration is not None
        and configuration.capture == wanted.capture
        and _kinds(configuration.variants) == _kinds(wanted.variants)
    )
    status, pending = (endpoint.status, bool(endpoint.pending)) if endpoint else (ABSENT, False)
    state = state_of(status, used=used, pending=pending)
    if endpoint is None:
        return Action(Do.CREATE if state.standing is Standing.ASK else Do.REFUSE, state.words)
    if state.standing is Standing.REFUSED:
        return Action(Do.REFUSE, _filled(state.words, wanted, endpoint))
    if state.standing is Standing.PENDING:
        return Action(Do.WAIT, _filled(state.words, wanted, endpoint))
    if state.standing is Standing.ASK:
        return _drain(wanted, endpoint, configuration) or Action(Do.UPDATE)
    return _of_variants(wanted, endpoint)


def _kinds(variants: tuple[Variant, ...]) -> set[tuple[object, ...]]:
    return {variant.kind for variant in variants}


def _filled(words: str, wanted: Wanted, endpoint: Endpoint) -> str:
    reason = f" (SageMaker says: {endpoint.reason})" if endpoint.reason else ""
    used, pending = endpoint.configuration or "no configuration", endpoint.pending or "no configuration"
    return words.format(used=used, pending=pending, wanted=wanted.name, reason=reason)


def _drain(wanted: Wanted, endpoint: Endpoint, configuration: Configuration | None) -> Action | None:
    """Return how to take the traffic off a canary that nobody wants any more, beside the champion that stays."""
    here = {variant.name: variant for variant in configuration.variants} if configuration else {}
    champion, *others = wanted.variants
    if others or CHAMPION not in here or here[CHAMPION].kind != champion.kind:
        return None
    asked = [variant for variant in endpoint.running if not variant.shadow and variant.name != CHAMPION]
    if not any(variant.desired for variant in asked):
        return None
    weights = ((CHAMPION, champion.weight), *((variant.name, 0.0) for variant in asked))
    return Action(Do.DRAIN, "the canary is being taken off the traffic", weights)


def _of_variants(wanted: Wanted, endpoint: Endpoint) -> Action:
    """Return what is to be done where the configuration is the one asked for, but its variants may not run so."""
    running = {variant.name: variant for variant in endpoint.running}
    if {(name, variant.shadow) for name, variant in running.items()} != {
        (variant.name, variant.shadow) for variant in wanted.variants
    }:
        return Action(
            Do.REFUSE,
            f"says that it uses {endpoint.configuration}, which was asked for, but runs "
            f"{', '.join(running) or 'no variant'} instead of {', '.join(variant.name for variant in wanted.variants)}",
        )
    for variant in wanted.variants:
        found = running[variant.name]
        if found.images and found.images != (variant.image,):
            return Action(
                Do.REFUSE,
                f"runs {', '.join(found.images)} as variant {variant.name!r}, not {variant.image}, although it uses "
                f"{endpoint.configuration}, which was asked for",
            )
    busy = [f"{found.name} is {', '.join(found.stages)}" for found in endpoint.running if found.stages]
    busy += [f"{found.name} has no instance yet" for found in endpoint.running if found.instances == 0]
    if busy:
        return Action(Do.WAIT, f"it is in service, but {'; '.join(busy)}")
    return _of_weights(wanted, running)


def _of_weights(wanted: Wanted, running: dict[str, Running]) -> Action:
    shown = [variant for variant in wanted.variants if not variant.shadow]
    asked = {variant.name: variant.weight for variant in shown}
    if not _same({name: running[name].desired for name in asked}, asked):
        return Action(Do.SHIFT, "the weights are being changed", tuple(asked.items()))
    if not _same({name: running[name].weight for name in asked}, asked):
        now = ", ".join(f"{name} {running[name].weight}" for name in asked)
        return Action(Do.WAIT, f"the weights are still on their way: {now}")
    return Action(Do.NOTHING)


def _same(found: dict[str, float | None], asked: dict[str, float]) -> bool:
    """Return whether weights give each variant its share; one that is not said gives none."""
    known = {name: weight for name, weight in found.items() if weight is not None}
    total = sum(known.values())
    if len(known) != len(asked) or total <= 0:
        return False
    whole = sum(asked.values())
    return all(isclose(known[name] / total, weight / whole, abs_tol=_CLOSE) for name, weight in asked.items())
