"""The API at /api/v1/: the same records, permissions and actions as the pages."""
