#!/usr/bin/env bash
# focus-validator 2.2.1: the exit status is 0 although rules fail, and 1 outside its own folder.
#
# One would guess: the status says whether the file follows FOCUS, from whatever folder it is
#   started.
# What happens: it reads its list of currencies relative to the current folder, so in any other
#   folder a valid command ends in a FileNotFoundError with status 1. Started in the folder that
#   it is installed in, it checks the file, and its status is 0 even if most of FOCUS' columns are
#   missing.
# Why it matters: a CI job that relies on the status is red for every file or green for every
#   file. Nobody notices when an export stops following FOCUS.
# What we do about it: our check starts it in its own folder and reads the report. It fails if a
#   rule fails that is not on our list, which has a reason for each rule.
#
# It needs Python 3.12 (set PYTHON312 if it has another name), and a pyarrow older than its newest
# one, because it pins numpy 1. So its dependencies are pinned below, and installed without
# resolving them.
set -euo pipefail

python=${PYTHON312:-python3.12}
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2> /dev/null; then
    echo "Python 3.12 is missing: set PYTHON312 to its command" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$python" -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check --no-deps \
    focus-validator==2.2.1 duckdb==1.5.6 polars==1.44.2 polars-runtime-32==1.44.2 pyarrow==20.0.0 \
    sqlglot==27.29.0 pandas==2.3.3 numpy==1.26.4 python-dateutil==2.9.0.post0 six==1.17.0 \
    pytz==2025.2 tzdata==2026.6 pydantic==2.14.4 pydantic_core==2.50.5 annotated-types==0.8.0 \
    typing_extensions==4.16.0 typing-inspection==0.4.5 PyYAML==6.0.4 graphviz==0.21 requests==2.34.2 \
    urllib3==2.8.0 idna==3.20 certifi==2026.10.19.post1 charset-normalizer==3.5.3

cat > costs.csv <<'END'
BilledCost,BillingAccountId,BillingCurrency
1200.50,account-1,USD
-845.92,account-1,USD
END

validate() {
    local status=0
    "$folder/venv/bin/focus-validator" --data-file "$folder/costs.csv" --validate-version 1.2.0.1 \
        --block-download --output-type unittest --output-destination "$folder/report.xml" \
        > "$folder/log" 2>&1 || status=$?
    echo "$1: status $status"
}

{
    validate "in an empty folder"
    grep -o "FileNotFoundError.*" log | tail -1
    cd venv/lib/python3.12/site-packages
    validate "in the folder of the package"
    cd "$folder"
    grep -oE '(failures|errors)="[0-9]+"' report.xml | paste -sd ' '
} | tee seen

cat > expected <<'END'
in an empty folder: status 1
FileNotFoundError: [Errno 2] No such file or directory: 'focus_validator/rules/currency_codes.csv'
in the folder of the package: status 0
failures="46" errors="70"
END
diff expected seen
