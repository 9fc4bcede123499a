"""The web server's entry."""

import os

from django.core.wsgi import get_wsgi_application

from retention.collecting import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retention.settings.base")
application = get_wsgi_application()
settle()
