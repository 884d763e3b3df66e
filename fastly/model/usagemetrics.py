"""The model `Usagemetrics`."""

from typing import TYPE_CHECKING, Any

from fastly._models import Model, field
from fastly.model.usagemetric import Usagemetric

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Usagemetrics"]


class Usagemetrics(Model, needs="data"):
    """The account's usage by month, product and region: the result of ``get_usage_metrics``."""

    data: list[Usagemetric] | None = field(
        "Usage by month, product and region; always a list.", or_single=True
    )

    @classmethod
    def from_response(cls, data: dict[str, Any], *, check: bool, discard_unknown: bool) -> "Self":
        """Also take one metric in place of the list, which is how the reference describes it."""
        is_metric = "data" not in data and not Usagemetric.__fields__.keys().isdisjoint(data)
        body = {"data": [data]} if is_metric else data
        return super().from_response(body, check=check, discard_unknown=discard_unknown)
