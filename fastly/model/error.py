"""The model `Error`."""

from fastly._models import Model, field

__all__ = ["Error"]


class Error(Model):
    """The body of an error of the live API; ``ApiException.detail`` is its ``title``."""

    type: str | None = field("Kind of the error.")
    title: str | None = field("What is wrong, in a sentence.")
    code: str | None = field("Code of the error.")
    status: str | None = field("HTTP status code.")
