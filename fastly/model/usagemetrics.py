"""The model `Usagemetrics`."""

from fastly._models import Model, field
from fastly.model.usagemetric import Usagemetric

__all__ = ["Usagemetrics"]


class Usagemetrics(Model):
    """The account's usage by month, product and region: the result of ``get_usage_metrics``."""

    data: list[Usagemetric] | None = field(
        "Usage by month, product and region; always a list.", or_single=True
    )
