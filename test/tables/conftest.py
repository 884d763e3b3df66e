"""The tests of tables and spreadsheets need their libraries: ``tox -e py311``, which has them."""

from __future__ import annotations

import pytest

LIBRARIES = ("pyarrow", "polars", "duckdb", "pandas", "xlsxwriter", "openpyxl", "python_calamine")

for library in LIBRARIES:
    pytest.importorskip(library, reason=f"{library} is not installed: see the group tables")
