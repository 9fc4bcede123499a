"""Between customers and departments: the judgement, the pages and the API. Also the project package."""

import os

# Before anything brings in numpy: on a busy machine the threads of its linear algebra wait for each other, and a fit
# takes fifteen times as long as with one. Work is spread over processes instead.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from retention.celery import app as celery_app

__all__ = ["celery_app"]
