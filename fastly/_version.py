"""The one place that holds the version number; setup.py reads it from here."""

__version__ = "2.0.0"
