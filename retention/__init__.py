"""Between customers and departments: the judgement, the pages and the API. Also the project package."""

from retention.celery import app as celery_app

__all__ = ["celery_app"]
