#!/usr/bin/env bash
# pandera 0.35.0: a validator with coerce makes 12.75 units 12, and finds them valid.
#
# One would guess: `coerce=True` converts a value if that keeps it, and is an error otherwise.
# What happens: with the type int, 12.75 becomes 12 and -0.75 becomes 0, for pandas and for
#   polars. The checks see the new values, so -0.75 passes "at least 0". With bool, the text
#   "false" is True. The result is a validated frame. The text "12.75", and the type "Int64",
#   are refused.
# Why it matters: units are whole in most lines, so the type is guessed as int. Validation is the
#   step that should find the other lines, and it cuts them.
# What we do about it: docs/interoperation.md says to declare amounts and units as they are, or to
#   use "Int64".
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    pandera==0.35.0 pandas==3.1.1 polars==2.1.0

cat > run.py <<'END'
import warnings

import pandas
import pandera.pandas
import pandera.polars
import polars

warnings.simplefilter("error")


def show(library, kind, make, values):
    column = library.Column(kind, library.Check.ge(0), coerce=True)
    name = f"{make.__module__.split('.')[0]}, {kind if isinstance(kind, str) else kind.__name__}"
    try:
        valid = library.DataFrameSchema({"a": column}).validate(make({"a": values}))
    except (pandera.errors.SchemaError, pandera.errors.SchemaErrors):
        print(f"{name}: {values} is refused")
    else:
        print(f"{name}: {values} is valid, as {list(valid['a'])}")


show(pandera.pandas, float, pandas.DataFrame, [12.75, 3.0, -0.75])
show(pandera.pandas, int, pandas.DataFrame, [12.75, 3.0, -0.75])
show(pandera.polars, int, polars.DataFrame, [12.75, 3.0, -0.75])
show(pandera.pandas, int, pandas.DataFrame, ["12.75", "3"])
show(pandera.pandas, "Int64", pandas.DataFrame, [12.75, 3.0])
show(pandera.pandas, bool, pandas.DataFrame, ["true", "false"])
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
pandas, float: [12.75, 3.0, -0.75] is refused
pandas, int: [12.75, 3.0, -0.75] is valid, as [12, 3, 0]
polars, int: [12.75, 3.0, -0.75] is valid, as [12, 3, 0]
pandas, int: ['12.75', '3'] is refused
pandas, Int64: [12.75, 3.0] is refused
pandas, bool: ['true', 'false'] is valid, as [True, True]
END
diff expected seen
