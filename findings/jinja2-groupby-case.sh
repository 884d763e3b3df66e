#!/usr/bin/env bash
# Jinja2 3.1.6: in an invoice template, "Shop" and "shop" are one service.
#
# One would guess: groupby makes a group for each value, as in SQL, pandas and Python.
# What happens: `groupby` and `unique` compare text without its case. "Shop" and "shop" are
#   one group under the first name, with both amounts. A report that goes through the unique names
#   and selects the lines of each leaves "shop" out, and its sum is too low. `selectattr` with
#   "equalto" does distinguish them. `case_sensitive=True`, which is documented, keeps them apart.
# Why it matters: names of services and IDs of Fastly are case-sensitive. One customer pays for two,
#   or nobody pays.
# What we do about it: docs/interoperation.md gives the option. `fastly.costs` groups by the exact
#   text.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check Jinja2==3.1.6

cat > run.py <<'END'
import jinja2

LINES = [
    {"service": "Shop", "amount": 1200.5},
    {"service": "shop", "amount": 375.5},
    {"service": "blog", "amount": 99.25},
]
TEMPLATES = {
    "groupby": """
{%- for name, lines in lines | groupby("service") %}
{{- name }} {{ lines | sum("amount") }}; {% endfor %}""",
    "groupby, case_sensitive": """
{%- for name, lines in lines | groupby("service", case_sensitive=True) %}
{{- name }} {{ lines | sum("amount") }}; {% endfor %}""",
    "unique": """
{%- for name in lines | map(attribute="service") | unique %}
{{- name }} {{ lines | selectattr("service", "equalto", name) | sum("amount") }}; {% endfor %}""",
    "unique, case_sensitive": """
{%- for name in lines | map(attribute="service") | unique(case_sensitive=True) %}
{{- name }} {{ lines | selectattr("service", "equalto", name) | sum("amount") }}; {% endfor %}""",
}
print("lines:", sum(line["amount"] for line in LINES))
for name, template in TEMPLATES.items():
    print(f"{name}:", jinja2.Template(template).render(lines=LINES).strip())
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
lines: 1675.25
groupby: blog 99.25; Shop 1576.0;
groupby, case_sensitive: Shop 1200.5; blog 99.25; shop 375.5;
unique: Shop 1200.5; blog 99.25;
unique, case_sensitive: Shop 1200.5; shop 375.5; blog 99.25;
END
diff expected seen
