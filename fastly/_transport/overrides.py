"""The private methods of libraries that this package overrides, and their guard.

=========================================  =====================================================
method                                     the failure that the override prevents
=========================================  =====================================================
``urllib3...HTTPConnection._new_conn``     A call outlasts its deadline: urllib3 gives the whole
                                           connect timeout to each address of a host, and a new
                                           one to each read.
``http.client.HTTPResponse._read_status``  A 103 before the response, or before a proxy's 200,
                                           is taken for the response (RFC 9110, section 15.2).
=========================================  =====================================================
"""

from __future__ import annotations

import sys

__all__ = ["require_called"]


def require_called(was_called: bool, name: str) -> None:
    """Fail loudly if a library no longer calls a method that this package overrides.

    Raises:
        RuntimeError: It was not called.
    """
    if not was_called:
        from importlib.metadata import version  # slow to import, and rarely needed

        versions = f"urllib3 {version('urllib3')} on Python {sys.version.split()[0]}"
        raise RuntimeError(
            f"{versions} does not call {name}, on which deadlines and safe parsing depend; "
            "install versions that this release of fastly-billing was tested with"
        )
