"""The model `AsyncResponse`."""

from fastly._models import Model, field

__all__ = ["AsyncResponse"]


class AsyncResponse(Model):
    """The body of a 202, on which ``get_month_to_date_invoice`` keeps polling."""

    title: str | None = field("What the API is doing, in a sentence.")
    status: str | None = field("State of the month to date.")
