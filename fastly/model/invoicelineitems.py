"""The model `Invoicelineitems`."""

from fastly._models import field
from fastly.model.mtdlineitems import Mtdlineitems

__all__ = ["Invoicelineitems"]


class Invoicelineitems(Mtdlineitems):
    """One line of an invoice, by product and region."""

    credit_coupon_code: str | None = field(
        "Code of the coupon that a credit comes from; empty if the line has none."
    )
