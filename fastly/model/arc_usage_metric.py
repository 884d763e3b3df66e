"""The model `ArcUsageMetric`."""

from fastly._models import Model, field

__all__ = ["ArcUsageMetric"]


class ArcUsageMetric(Model, needs="own"):
    """The usage of one kind, on one day or in one hour, of AI Runtime Control."""

    date: str | None = field('Day or hour of the usage, such as "2026-07-29T00:00:00Z".')
    usage_type: str | None = field(
        '"requests", "sessions", "input_tokens" or "output_tokens"; there may be others.'
    )
    quantity: int | None = field("How many of them.")
    virtual_key_id: str | None = field("ID of the virtual key.")
    virtual_key_name: str | None = field("Name of the virtual key.")
    primary_provider: str | None = field("Provider connection that was requested, before failover.")
    provider: str | None = field("Name of the provider that served the request.")
    provider_connection_id: str | None = field("ID of the provider connection that served it.")
    model: str | None = field("AI model that was used.")
