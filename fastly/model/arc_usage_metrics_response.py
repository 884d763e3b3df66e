"""The model `ArcUsageMetricsResponse`."""

from fastly._models import Model, field
from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.arc_usage_metrics_meta import ArcUsageMetricsMeta

__all__ = ["ArcUsageMetricsResponse"]


class ArcUsageMetricsResponse(Model, needs="data"):
    """One page of AI usage: the result of ``arc_get_usage_metrics``."""

    data: list[ArcUsageMetric] | None = field("Usage by date, kind, key, provider and model.")
    meta: ArcUsageMetricsMeta | None = field("Position of this page in the list.")
