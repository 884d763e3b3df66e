"""The pytest plugin: the fixture ``fastly_billing_server``.

pytest finds it through an entry point of the distribution. It imports the server only when a test
uses the fixture; other test suites pay for the import of ``fastly``, about 0.1 seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastly.testing.server import BillingServer

__all__ = ["fastly_billing_server"]


@pytest.fixture
def fastly_billing_server() -> Iterator[BillingServer]:
    """A local billing API with one made-up account: a `fastly.testing.BillingServer`."""
    from fastly.testing.server import BillingServer

    with BillingServer() as server:
        yield server
