#!/usr/bin/env bash
# PyYAML 6.0.4, and yaml 2.9.1 and js-yaml 5.5.0 (npm): IDs that one writes without quotes are
# numbers to the other.
#
# One would guess: a library puts text that looks like a number in quotes, so another one reads
#   text again.
# What happens: PyYAML follows YAML 1.1, in which 12e3 and 00089 are text, and writes them without
#   quotes. The JavaScript libraries follow YAML 1.2, and read 12000 and 89. yaml writes the month
#   2026_05 without quotes, which PyYAML reads as 202605, and 1:30, which it reads as 90. And
#   PyYAML reads the rate 1e-05 of a JSON file as text, while 7.5e-05 is a number. js-yaml puts
#   all of these in quotes.
# Why it matters: teams, accounts and rates are often kept in a YAML file that a Python program
#   writes and a JavaScript program reads. An ID that becomes a number matches no invoice, and
#   only few IDs look like this.
# What we do about it: docs/interoperation.md says to pass `default_style='"'` to PyYAML, and
#   version 1.1 to yaml. Our own file of teams is CSV, whose cells are text.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check PyYAML==6.0.4
npm install --silent --no-audit --no-fund --prefix . yaml@2.9.1 js-yaml@5.5.0 > npm.log

cat > write.py <<'END'
import yaml

ids = {"invoice": "12e3", "account": "00089", "customer": "5e21", "month": "2026_05"}
for name, options in {"plain": {}, "quoted": {"default_style": '"'}}.items():
    with open(f"{name}.yaml", "w") as file:
        yaml.safe_dump(ids, file, **options)
END
cat > read.mjs <<'END'
import { readFileSync, writeFileSync } from "node:fs";
import { dump, load } from "js-yaml";
import { parse, stringify } from "yaml";

for (const name of ["plain", "quoted"]) {
  const text = readFileSync(`${name}.yaml`, "utf8");
  console.log(`PyYAML to yaml, ${name}: ${JSON.stringify(parse(text))}`);
  console.log(`PyYAML to js-yaml, ${name}: ${JSON.stringify(load(text))}`);
}
const ids = { month: "2026_05", hours: "1:30", count: "1_000" };
writeFileSync("yaml.yaml", stringify(ids));
writeFileSync("yaml with version 1.1.yaml", stringify(ids, { version: "1.1" }));
writeFileSync("js-yaml.yaml", dump(ids));
END
cat > read.py <<'END'
import json

import yaml

for name in ("yaml", "yaml with version 1.1", "js-yaml"):
    with open(f"{name}.yaml") as file:
        print(f"{name} to PyYAML:", yaml.safe_load(file))
rates = json.dumps({"a": 0.00001, "b": 0.000075})
print("JSON to PyYAML:", rates, "is", yaml.safe_load(rates))
END
{
    venv/bin/python write.py
    node read.mjs
    venv/bin/python read.py
} | tee seen

cat > expected <<'END'
PyYAML to yaml, plain: {"account":89,"customer":5e+21,"invoice":12000,"month":"2026_05"}
PyYAML to js-yaml, plain: {"account":89,"customer":5e+21,"invoice":12000,"month":"2026_05"}
PyYAML to yaml, quoted: {"account":"00089","customer":"5e21","invoice":"12e3","month":"2026_05"}
PyYAML to js-yaml, quoted: {"account":"00089","customer":"5e21","invoice":"12e3","month":"2026_05"}
yaml to PyYAML: {'month': 202605, 'hours': 90, 'count': 1000}
yaml with version 1.1 to PyYAML: {'month': '2026_05', 'hours': '1:30', 'count': '1_000'}
js-yaml to PyYAML: {'month': '2026_05', 'hours': '1:30', 'count': '1_000'}
JSON to PyYAML: {"a": 1e-05, "b": 7.5e-05} is {'a': '1e-05', 'b': 7.5e-05}
END
diff expected seen
