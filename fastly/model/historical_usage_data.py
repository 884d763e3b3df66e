"""The model `HistoricalUsageData`."""

from typing import Any

from fastly._models import Model, field

__all__ = ["HistoricalUsageData"]


class HistoricalUsageData(Model, needs="*"):
    """The traffic of a region, of a service, or of a service in a region."""

    bandwidth: float | None = field(
        "Data delivered.", unit="bytes; GB of 10^9 bytes with ``billable_units``"
    )
    requests: float | None = field(
        "Requests.", unit="requests; 10,000 requests with ``billable_units``"
    )
    compute_requests: float | None = field("Requests to Compute services.", unit="as ``requests``")

    @classmethod
    def _check_kind(cls, data: dict[str, Any], where: Any) -> None:
        """Refuse objects in place of figures: traffic by service, where it is to be by region."""
        if any(isinstance(value, dict) for value in data.values()):
            super()._check_kind(data, where)
