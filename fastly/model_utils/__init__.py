"""What a model is: ``fields`` declares, ``reading`` reads leniently, ``display`` shows."""

from fastly.model_utils.fields import Field, every, field
from fastly.model_utils.model import Model

__all__ = ["Field", "Model", "every", "field"]
