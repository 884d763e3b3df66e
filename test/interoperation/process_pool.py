"""Fetches invoices in a pool of processes: ``python process_pool.py fork|spawn|forkserver``."""

from __future__ import annotations

import json
import multiprocessing
import sys

from billing_client import fetch

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(4) as pool:
        print(json.dumps(pool.map(fetch, range(100), chunksize=1)))
