"""The types of unread responses and of headers, under the name that Fastly's own client uses."""

from __future__ import annotations

from fastly._transport import Headers, RawResponse

__all__ = ["Headers", "RawResponse"]
