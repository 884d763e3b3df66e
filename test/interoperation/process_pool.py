"""Fetches invoices in a pool of processes: ``python process_pool.py fork|spawn|forkserver``."""

from __future__ import annotations

import json
import multiprocessing
import sys

from billing_client import fetch

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    # The first process to start would do all of the work before the others have imported fastly.
    all_started = context.Barrier(4)
    with context.Pool(4, initializer=all_started.wait) as pool:
        print(json.dumps(pool.map(fetch, range(100), chunksize=1)))
