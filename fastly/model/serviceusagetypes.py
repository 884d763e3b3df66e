"""The model `Serviceusagetypes`."""

from fastly._models import Model, field
from fastly.model.serviceusagetype import Serviceusagetype

__all__ = ["Serviceusagetypes"]


class Serviceusagetypes(Model, needs="data"):
    """The kinds of usage by service. No operation of the API returns it today."""

    data: list[Serviceusagetype] | None = field("Kinds of usage.")
