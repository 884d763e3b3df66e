"""One request, from its headers to the last byte of its response.

The modules, each of which imports only from those above it:

- ``bodies``: a body read within its limits, and unzipped
- ``messages``: requests and responses, and the wait that the API requests
- ``responses``: the head of a response, read strictly and without secrets
- ``boundary``: foreign exceptions become ours, without their frames
- ``retries``: whether and when to retry
- ``proxies``: the proxy to use for a URL
- ``connections``: the pool, TLS, and connections that keep the deadline
- ``client``: attempts, redirects and bodies

Only this package uses urllib3 and certifi. It raises none of their exceptions, nor those of
``ssl``, ``socket`` or ``http.client``.
"""

from fastly._transport.client import RestClient
from fastly._transport.messages import Headers, LastResponse, RawResponse, Request, Response
from fastly._transport.retries import LONGEST_RETRY_AFTER

__all__ = [
    "LONGEST_RETRY_AFTER",
    "Headers",
    "LastResponse",
    "RawResponse",
    "Request",
    "Response",
    "RestClient",
]
