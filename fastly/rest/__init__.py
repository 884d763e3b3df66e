"""One request, from its headers to the last byte of its answer.

The modules, each of which imports only from those above it:

- ``bodies``: a body read within its bounds, and unzipped
- ``messages``: requests and responses, and what the API asks to wait
- ``boundary``: foreign exceptions made ours, and the token taken out of them
- ``retries``: whether and when to try again
- ``proxies``: which proxy a URL is reached through
- ``connections``: pools, TLS, and connections that keep the deadline
- ``client``: tries, redirects, and the pools

This package is the only one that knows urllib3 and certifi. Nothing of theirs, of ``ssl``,
``socket`` or ``http.client`` is raised out of it.
"""

from fastly.rest.boundary import mask, masked, masked_headers, secret_in
from fastly.rest.client import RestClient
from fastly.rest.messages import Headers, RawResponse, Request, Response, SecretHeaders
from fastly.rest.retries import LONGEST_PAUSE

__all__ = [
    "LONGEST_PAUSE",
    "Headers",
    "RawResponse",
    "Request",
    "Response",
    "RestClient",
    "SecretHeaders",
    "mask",
    "masked",
    "masked_headers",
    "secret_in",
]
