"""The settings of a client: ``configuration`` declares, ``checks`` checks, ``secrets`` hides."""

from fastly.configuration.configuration import Configuration

__all__ = ["Configuration"]
