"""One request, from its headers to the last byte of its response.

The modules, each of which imports only from those above it:

- ``bodies``: a body read within its limits, and unzipped
- ``messages``: requests and responses, and how long the API asks to wait
- ``overrides``: the private methods of libraries that are overridden, and their guard
- ``responses``: the head of a response, read strictly and without secrets
- ``boundary``: foreign exceptions made ours, without their frames
- ``retries``: whether and when to retry
- ``proxies``: which proxy a URL is reached through
- ``connections``: the pool, TLS, and connections that keep the deadline
- ``client``: attempts, redirects and bodies

This package is the only one that knows urllib3 and certifi. Nothing of theirs, of ``ssl``,
``socket`` or ``http.client`` is raised out of it.
"""

from fastly.rest.client import RestClient
from fastly.rest.messages import Headers, RawResponse, Request, Response
from fastly.rest.retries import LONGEST_RETRY_AFTER

__all__ = [
    "LONGEST_RETRY_AFTER",
    "Headers",
    "RawResponse",
    "Request",
    "Response",
    "RestClient",
]
