"""What a model is: ``fields`` declares, ``reading`` reads leniently, ``display`` shows."""

from fastly._models.fields import Field, every, field
from fastly._models.model import Model

__all__ = ["Field", "Model", "every", "field"]
