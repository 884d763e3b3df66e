"""The one place that holds the version number; pyproject.toml names it."""

__version__ = "2.0.0"
