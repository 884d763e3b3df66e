"""The model `Serviceusagetype`."""

from fastly._models import Model, field

__all__ = ["Serviceusagetype"]


class Serviceusagetype(Model):
    """A kind of usage by service. No operation of the API returns it today."""

    product_id: str | None = field('ID of the product, such as "cdn_usage".')
    name: str | None = field('Kind of usage, such as "North America Requests".')
