"""What a new process does first; it imports nothing that needs Django to be set up, since it sets it up."""

import django
from django.db import connections


def begin(database: str) -> None:
    """Set Django up and turn to the database of this name, which may be one for tests."""
    django.setup()
    connections["default"].settings_dict["NAME"] = database
