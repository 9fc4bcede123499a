# syntax=docker/dockerfile:1
# Three stages: front-end packages, Python packages, and an image that holds only what runs.

FROM node:24.11.1-bookworm-slim AS assets
WORKDIR /assets
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM python:3.11.14-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --requirement requirements.txt

FROM python:3.11.14-slim-bookworm AS holdfast
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=retention.settings.base \
    STATIC_ROOT=/srv/holdfast/staticfiles \
    MEDIA_ROOT=/srv/holdfast/media
RUN groupadd --system --gid 10001 holdfast \
    && useradd --system --uid 10001 --gid holdfast --home-dir /srv/holdfast --no-create-home holdfast \
    && install --directory --owner=holdfast --group=holdfast /srv/holdfast /srv/holdfast/media
WORKDIR /srv/holdfast
COPY --from=packages /opt/venv /opt/venv
# Only the files that pages name: the packages bring a hundred megabytes more, with broken references in some.
COPY --from=assets /assets/node_modules/@tabler/core/dist/css/tabler.min.css /assets/node_modules/@tabler/core/dist/css/tabler.min.css.map node_modules/@tabler/core/dist/css/
COPY --from=assets /assets/node_modules/echarts/dist/echarts.common.min.js node_modules/echarts/dist/
COPY --from=assets /assets/node_modules/htmx.org/dist/htmx.min.js node_modules/htmx.org/dist/
COPY --from=assets /assets/node_modules/dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf /assets/node_modules/dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf node_modules/dejavu-fonts-ttf/ttf/
COPY manage.py ./
COPY scripts/healthcheck.py scripts/healthcheck.py
COPY templates templates
COPY static static
COPY accounts accounts
COPY departments departments
COPY retention retention
# Collecting reads settings but connects to nothing: the values are for this one command and stay nowhere.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    DATABASE_URL=postgresql:///holdfast REDIS_URL=redis://localhost \
    python manage.py collectstatic --noinput --verbosity 0

USER 10001:10001
EXPOSE 8000
VOLUME ["/srv/holdfast/media"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "scripts/healthcheck.py"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "1", "--no-ws", "retention.wsgi:application"]
