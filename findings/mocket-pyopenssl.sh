#!/usr/bin/env bash
# mocket 3.15.0: when a test that uses it has ended, urllib3 uses pyOpenSSL, which it did not before.
#
# One would guess: a library that replaces sockets during a test puts back what was there before.
# What happens: if pyOpenSSL is installed, mocket puts it into urllib3 at its end, for the rest of
#   the process, whether it was in use or not. Without pyOpenSSL, all is as before.
# Why it matters: the tests that follow run with another TLS library than production. Settings of a
#   TLS context differ, and so do the messages about certificates. It depends on the order of tests.
# What we do about it: the client uses Python's own ssl even then (a test puts pyOpenSSL into
#   urllib3), and a test about a wrong host name accepts the words of both libraries.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check mocket==3.15.0 urllib3==2.8.0

cat > run.py <<'END_OF_PROGRAM'
import mocket
from urllib3.util import ssl_


def used():
    return ssl_.SSLContext.__module__


print("before:", used())
with mocket.Mocketizer():
    print("during:", used())
print("after:", used())
END_OF_PROGRAM
venv/bin/python run.py | tee seen
venv/bin/pip install -qq --no-compile --disable-pip-version-check pyOpenSSL==26.4.0
echo "with pyOpenSSL 26.4.0" | tee -a seen
venv/bin/python run.py | tee -a seen

cat > expected <<'END_OF_OUTPUT'
before: ssl
during: ssl
after: ssl
with pyOpenSSL 26.4.0
before: ssl
during: ssl
after: urllib3.contrib.pyopenssl
END_OF_OUTPUT
diff expected seen
