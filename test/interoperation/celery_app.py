"""A Celery application whose broker and results are files in one directory."""

from __future__ import annotations

import os

from billing_client import fetch
from celery import Celery

_directory = os.environ["CELERY_DIRECTORY"]

app = Celery("billing", broker="filesystem://", backend=f"file://{_directory}/results")
app.conf.broker_transport_options = {
    "data_folder_in": f"{_directory}/queue",
    "data_folder_out": f"{_directory}/queue",
    "control_folder": f"{_directory}/control",
    "polling_interval": 0.02,  # seconds
}
app.task(fetch, name="fetch")
