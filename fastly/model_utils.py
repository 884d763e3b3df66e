"""The base of all models, under the name that Fastly's own client uses."""

from __future__ import annotations

from fastly._models import Field, Model, every, field

__all__ = ["Field", "Model", "every", "field"]
