#!/usr/bin/env bash
# pandas 3.1.1, DuckDB 2.0.1: a series of months from January 31 stays on the 28th after February.
#
# One would guess: the series has the last day of each month, because January 31 plus two months
#   is March 31 in both.
# What happens: both add a month to the previous date instead of n months to the first one.
#   February makes it the 28th, and it never returns. polars, Arrow (the package for dates) and
#   pendulum return to the 31st.
# Why it matters: billing periods end on the last day of a month. A join of the series with
#   periods matches January and February, and finds no invoice from March on. A filter with
#   "until" leaves out the last days of each month.
# What we do about it: docs/recipes/pandas.md uses period_range, and the command line takes months.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    pandas==3.1.1 duckdb==2.0.1 polars==2.1.0 pendulum==3.3.0 arrow==1.4.0

cat > run.py <<'END'
from datetime import datetime

import arrow
import duckdb
import pandas
import pendulum
import polars

FIRST, LAST = datetime(2026, 1, 31), datetime(2026, 5, 31)
MONTH = pandas.DateOffset(months=1)
SERIES = f"unnest(generate_series(TIMESTAMP '{FIRST}', TIMESTAMP '{LAST}', INTERVAL 1 MONTH))"
SUMS = f"TIMESTAMP '{FIRST}' + to_months(n::INT) FROM range(5) AS months(n)"


def show(name, days) -> None:
    print(f"{name}:", *(day.strftime("%m-%d") for day in days))


def query(text: str) -> list[datetime]:
    return [row[0] for row in duckdb.sql(f"SELECT {text}").fetchall()]


show("pandas, n months", [FIRST + pandas.DateOffset(months=n) for n in range(5)])
show("pandas, date_range", pandas.date_range(FIRST, LAST, freq=MONTH))
show("pandas, period_range", [p.end_time for p in pandas.period_range(FIRST, LAST, freq="M")])
show("DuckDB, n months", query(SUMS))
show("DuckDB, generate_series", query(SERIES))
show("polars", polars.datetime_range(FIRST, LAST, "1mo", eager=True))
interval = pendulum.interval(pendulum.instance(FIRST), pendulum.instance(LAST))
show("pendulum", interval.range("months"))
show("arrow", arrow.Arrow.range("month", FIRST, LAST))
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
pandas, n months: 01-31 02-28 03-31 04-30 05-31
pandas, date_range: 01-31 02-28 03-28 04-28 05-28
pandas, period_range: 01-31 02-28 03-31 04-30 05-31
DuckDB, n months: 01-31 02-28 03-31 04-30 05-31
DuckDB, generate_series: 01-31 02-28 03-28 04-28 05-28
polars: 01-31 02-28 03-31 04-30 05-31
pendulum: 01-31 02-28 03-31 04-30 05-31
arrow: 01-31 02-28 03-31 04-30 05-31
END
diff expected seen
