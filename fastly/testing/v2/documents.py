"""A v2 invoice in its two other formats: CSV and PDF.

The CSV is UTF-8 with one header line, one row for each line item, and a last row that has only the
invoice's id, "Total" and the final amount. Amounts have two decimals and sum to that amount.
"""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["COLUMNS", "invoice_csv", "invoice_pdf"]

COLUMNS: tuple[str, ...] = (
    "invoice_id",
    "line_number",
    "description",
    "service_name",
    "usage_type_cd",
    "units",
    "rate_per_unit",
    "amount",
    "plan_name",
    "client_service_id",
    "credit_coupon_code",
)

# An A4 page and what stands on it, in points.
_WIDTH, _HEIGHT = 595, 842
_MARGIN, _LEADING, _SIZE = 50, 15, 9
_LINES_PER_PAGE = (_HEIGHT - 2 * _MARGIN) // _LEADING
_CHARACTERS_PER_LINE = 80


def invoice_csv(invoice: Mapping[str, Any]) -> str:
    """Return an invoice as CSV, in the columns of `COLUMNS`; lines end in CR LF."""
    text = io.StringIO()
    writer: csv.DictWriter[str] = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    total = {"description": "Total", "amount": invoice["total"]["cost"]}
    for item in [*invoice["line_items"], total]:
        amount = f"{item['amount']:.2f}"
        writer.writerow({**item, "invoice_id": invoice["invoice_id"], "amount": amount})
    return text.getvalue()


def invoice_pdf(invoice: Mapping[str, Any]) -> bytes:
    """Return an invoice as a PDF 1.4 file of as many A4 pages as its lines need."""
    lines = list(_lines(invoice))
    starts = range(0, len(lines), _LINES_PER_PAGE)
    return _pdf([_content(lines[start : start + _LINES_PER_PAGE]) for start in starts])


def _lines(invoice: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines of the page: a text, and an amount for the right margin or ""."""
    total = invoice["total"]
    yield f"Invoice {invoice['invoice_id']}", ""
    yield f"Customer {invoice['customer_id']}", ""
    yield f"From {invoice['start_time'][:10]} to {invoice['end_time'][:10]}", ""
    yield f"Plan {total['plan_name']}, {total['terms']}, {invoice['status']['status']}", ""
    yield "Amounts in USD", ""
    yield "", ""
    for item in invoice["line_items"]:
        yield from _wrapped(item["description"], item["amount"])
    yield "", ""
    yield from _wrapped("Total", total["cost"])


def _wrapped(text: str, amount: float) -> Iterator[tuple[str, str]]:
    """Yield a text in lines that fit the page, the amount (USD) next to the first of them."""
    first, *rest = textwrap.wrap(text, _CHARACTERS_PER_LINE) or [""]
    yield first, f"{amount:,.2f}"
    for line in rest:
        yield f"    {line}", ""


def _content(lines: Sequence[tuple[str, str]]) -> bytes:
    """Return the drawing operators of one page."""
    top = _HEIGHT - _MARGIN
    operators: list[bytes] = []
    for row, (text, amount) in enumerate(lines):
        height = top - row * _LEADING
        operators.append(_show(_MARGIN, height, text))
        operators.append(_show(_WIDTH - _MARGIN - _width(amount), height, amount))
    return b"\n".join(operators)


def _width(amount: str) -> float:
    """Return the width of an amount in points: Helvetica's digits are all equally wide."""
    narrow = {".": 278, ",": 278, "-": 333}
    return sum(narrow.get(character, 556) for character in amount) * _SIZE / 1000


def _show(x: float, y: float, text: str) -> bytes:
    """Return the operator that shows a text at a place."""
    encoded = text.encode("cp1252", "replace")
    for special in (b"\\", b"(", b")"):
        encoded = encoded.replace(special, b"\\" + special)
    return b"BT /F1 %d Tf %.2f %.2f Td (%b) Tj ET" % (_SIZE, x, y, encoded)


def _pdf(contents: Sequence[bytes]) -> bytes:
    """Return the file: catalog, page tree and font, then each page with its content."""
    pages = range(4, 4 + 2 * len(contents), 2)
    kids = " ".join(f"{number} 0 R" for number in pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in zip(pages, contents, strict=True):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}]"
            f" /Resources << /Font << /F1 3 0 R >> >> /Contents {number + 1} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    """Return the objects, numbered from 1, with the table of their offsets in bytes."""
    # Four bytes over 127 in a comment mark the file as binary.
    file = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    table = bytearray(b"0000000000 65535 f \n")
    for number, content in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(file))
    return bytes(file) + b"xref\n0 %d\n" % size + bytes(table) + trailer
