"""The retired API, through which the tests of this folder go."""

from __future__ import annotations

import pytest

import fastly
from fastly.api.billing_api import BillingApi


@pytest.fixture
def api(client: fastly.ApiClient) -> BillingApi:
    """The retired billing API on the stand-in."""
    return BillingApi(client)
