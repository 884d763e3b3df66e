#!/usr/bin/env bash
# altair 6.3.0 with vl-convert-python 1.9.0.post1: in New York, the bars of May and June are called
# April and May.
#
# One would guess: a chart of the months "2026-05-01" and "2026-06-01" has these months.
# What happens: a date without a time is midnight in UTC, as JavaScript says, and `yearmonth` names
#   the month in the time zone of whoever looks: west of Greenwich it is the last day of the month
#   before. The chart is right in Berlin. pandas' dates are right everywhere, because altair writes
#   them with a time. Altair's documentation warns of time zones, and `utcyearmonth` is right.
# Why it matters: months of a CSV are text. The author in Europe sees correct bars, the reader in
#   America sees each month's costs under the month before.
# What we do about it: docs/interoperation.md says to use `utcyearmonth`, or dates of pandas.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    altair==6.3.0 vl-convert-python==1.9.0.post1 pandas==3.1.1

cat > run.py <<'END'
import os
import re

import altair
import pandas
import vl_convert

text = pandas.DataFrame({"month": ["2026-05-01", "2026-06-01"], "amount": [1200.5, 375.5]})
dates = text.assign(month=pandas.to_datetime(text.month))
for name, frame, unit in (
    ("text, yearmonth", text, "yearmonth"),
    ("text, utcyearmonth", text, "utcyearmonth"),
    ("dates, yearmonth", dates, "yearmonth"),
):
    chart = altair.Chart(frame).mark_bar().encode(x=f"{unit}(month):O", y="sum(amount):Q")
    image = vl_convert.vegalite_to_svg(chart.to_dict())
    print(f"{os.environ['TZ']}, {name}:", *re.findall(r">([A-Z][a-z]{2} 20\d\d)<", image))
END
for zone in Europe/Berlin America/New_York; do
    TZ=$zone venv/bin/python run.py
done | tee seen

cat > expected <<'END'
Europe/Berlin, text, yearmonth: May 2026 Jun 2026
Europe/Berlin, text, utcyearmonth: May 2026 Jun 2026
Europe/Berlin, dates, yearmonth: May 2026 Jun 2026
America/New_York, text, yearmonth: Apr 2026 May 2026
America/New_York, text, utcyearmonth: May 2026 Jun 2026
America/New_York, dates, yearmonth: May 2026 Jun 2026
END
diff expected seen
