"""What a model is: ``fields`` declares, ``record`` reads, ``model`` is for users."""

from fastly._models.fields import Field, every, field
from fastly._models.model import Model

__all__ = ["Field", "Model", "every", "field"]
