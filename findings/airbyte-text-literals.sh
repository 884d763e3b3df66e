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
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check airbyte-cdk==7.39.1

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
