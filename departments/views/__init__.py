"""Incident pages and their buttons."""
