"""The model `HistoricalUsageData`."""

from fastly._models import Model, field

__all__ = ["HistoricalUsageData"]


class HistoricalUsageData(Model):
    """The traffic of a region, of a service, or of a service in a region."""

    bandwidth: float | None = field(
        "Data delivered.", unit="bytes; GB of 10^9 bytes with ``billable_units``"
    )
    requests: float | None = field(
        "Requests.", unit="requests; 10,000 requests with ``billable_units``"
    )
    compute_requests: float | None = field("Requests to Compute services.", unit="as ``requests``")
