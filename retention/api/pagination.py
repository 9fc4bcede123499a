"""Pages of a list: by cursor, so that depth costs nothing and rows that arrive meanwhile shift nothing."""

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """Newest record first, by a key that is unique and never changes."""

    ordering = "-pk"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
