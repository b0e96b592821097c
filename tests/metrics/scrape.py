"""What Prometheus would read of this process, and a start from nothing."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from workshop.lib import telemetry


def forget() -> None:
    """All label sets go: a test fills the room of an instrument and leaves none for the next."""
    for one in vars(telemetry).values():
        if isinstance(one, telemetry._Instrument) and one._width:
            one._metric.clear()
            one._children.clear()


def samples(text: bytes) -> list[Sample]:
    families = text_string_to_metric_families(text.decode())
    return [sample for family in families for sample in family.samples]


def values(found: Iterable[Sample], name: str) -> dict[tuple[str, ...], float]:
    """The samples of a name by their label values, in the order of the labels' names."""
    return {
        tuple(value for _label, value in sorted(one.labels.items())): one.value
        for one in found
        if one.name == f"{telemetry.NAMESPACE}_{name}"
    }
