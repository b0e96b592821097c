# One image for site, bot, worker and schedule; docker-compose.yml gives each its command.
# Nothing secret is needed or kept while it is built.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.lock

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=workshop.settings \
    DATA_DIR=/data \
    STATIC_ROOT=/app/static-files \
    HOST=0.0.0.0
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 workshop \
    && useradd --uid 10001 --gid workshop --no-create-home --shell /usr/sbin/nologin workshop \
    && install -d -o workshop -g workshop -m 0750 /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . /app
# Translations and static files belong to the image, so that the running container writes /data only.
# The key lives for this one command and signs nothing.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    DATA_DIR=/tmp/build python manage.py prepare --files \
    && rm -rf /tmp/build \
    && python -m compileall -q /app -x '/tests/'
USER workshop
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "deploy/probe.py"]
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", "0.0.0.0:8000", "workshop.wsgi"]
