#!/usr/bin/env bash
# airbyte-cdk 7.39.1: the text "2026_05" in a template becomes the number 202605.
#
# One would guess: "{{ record['reference'] }}" copies a text as it is, and a cursor is sent as the
#   API returned it.
# What happens: the result of each template is read as a Python literal. In Python an underscore
#   separates digits, so "2026_05" is 202605, and "12e3" is 12000.0. AddFields writes the number
#   into the record, and the next page is requested with cursor=202605. "29239985" becomes a
#   number too, and "INV-375119" stays a text in the same column. AddFields keeps the text with
#   `value_type: string`; a cursor has no such setting.
# Why it matters: references such as 2026_05 name a month on many invoices. Two references that
#   differ only in the place of the underscore become one. A wrong cursor gets an error at best,
#   and another page at worst.
# What we do about it: docs/warehouse.md writes the cursor into the path of the next page, which is
#   never a literal. A test sends cursors of this kind.
#
# The CDK also depends on pandas and other large packages that are not used here. So what is used
# is pinned below, and installed without resolving dependencies.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check --no-deps \
    airbyte-cdk==7.39.1 Jinja2==3.1.6 MarkupSafe==3.0.4 PyJWT==2.15.1 PyYAML==6.0.4 \
    airbyte_protocol_models_dataclasses==0.17.1 anyascii==0.3.3 attributes-doc==0.5.0 \
    attrs==26.1.0 backoff==2.2.1 cachetools==8.0.2 cattrs==26.2.1 certifi==2026.10.19.post1 \
    cffi==2.1.1 charset-normalizer==3.5.3 cryptography==50.0.2 dpath==2.2.0 dunamai==1.26.5 \
    genson==1.3.0 idna==3.20 ijson==3.6.0 isodate==0.6.1 jsonref==1.1.0 \
    jsonschema-specifications==2025.9.1 jsonschema==4.26.0 orjson==3.13.0 packaging==26.4 \
    platformdirs==4.14.8 pydantic==2.14.4 pydantic_core==2.50.5 annotated-types==0.8.0 \
    pyrate-limiter==3.1.1 python-dateutil==2.9.0.post0 pytz==2026.6 referencing==0.37.0 \
    requests-cache==1.3.3 requests==2.34.2 rpds-py==2026.9.1 serpyco-rs==1.23.0 \
    setuptools==84.2.1 six==1.17.0 typing-inspection==0.4.5 typing_extensions==4.16.0 \
    tzdata==2026.6 url-normalize==3.1.0 urllib3==2.8.0 whenever==0.8.10 xmltodict==0.14.2

cat > run.py <<'END'
import http.server
import json
import logging
import threading
import urllib.parse

from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)

INVOICES = [
    {"reference": reference, "next": after}
    for reference, after in (("2026_05", "2026_06"), ("20260_5", "12e3"), ("INV-375119", ""))
]
cursors = []


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one invoice after the other, whatever the cursor is."""

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        cursors.extend(query.get("cursor", []))
        body = json.dumps(INVOICES[len(cursors)]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def manifest(url: str) -> dict:
    copies = {
        "plain": {"path": ["plain"], "value": "{{ record['reference'] }}"},
        "typed": {"path": ["typed"], "value": "{{ record['reference'] }}", "value_type": "string"},
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["invoices"]},
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": "invoices",
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": {"type": "HttpRequester", "url_base": url, "path": "/"},
                    "record_selector": {
                        "type": "RecordSelector",
                        "extractor": {"type": "DpathExtractor", "field_path": []},
                    },
                    "paginator": {
                        "type": "DefaultPaginator",
                        "page_token_option": {
                            "type": "RequestOption",
                            "inject_into": "request_parameter",
                            "field_name": "cursor",
                        },
                        "pagination_strategy": {
                            "type": "CursorPagination",
                            "cursor_value": "{{ response['next'] }}",
                            "stop_condition": "{{ not response['next'] }}",
                        },
                    },
                },
                "transformations": [
                    {
                        "type": "AddFields",
                        "fields": [{"type": "AddedFieldDefinition", **x} for x in copies.values()],
                    }
                ],
                "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object"}},
            }
        ],
        "spec": {"type": "Spec", "connection_specification": {"type": "object"}},
    }


logging.disable()
stream = {"name": "invoices", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
modes = {"sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": [{"stream": stream, **modes}]})
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    source = ConcurrentDeclarativeSource(
        config={}, catalog=catalog, state=[], source_config=manifest(url)
    )
    messages = list(source.read(logging.getLogger(), {}, catalog, []))
    server.shutdown()
for message in messages:
    if message.record:
        data = message.record.data
        print(f"{data['reference']!r}: plain {data['plain']!r}, typed {data['typed']!r}")
print("cursors sent:", *cursors)
END
NO_PROXY=127.0.0.1 venv/bin/python run.py 2> log | tee seen

cat > expected <<'END'
'2026_05': plain 202605, typed '2026_05'
'20260_5': plain 202605, typed '20260_5'
'INV-375119': plain 'INV-375119', typed 'INV-375119'
cursors sent: 202606 12000.0
END
diff expected seen
