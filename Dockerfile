# One image for every service of docker-compose.yml: web, worker, relay, beat, migrate, simulator.
FROM python:3.13-slim@sha256:8d9d0b8bcf6506481eae4907c18f5e3e7902e629f5f6d684f9e7c32e85e3ddf0 AS build
RUN pip install --no-cache-dir uv
COPY requirements.txt .
RUN uv venv /opt/tally && uv pip install --no-cache --python /opt/tally/bin/python --require-hashes -r requirements.txt

FROM python:3.13-slim@sha256:8d9d0b8bcf6506481eae4907c18f5e3e7902e629f5f6d684f9e7c32e85e3ddf0
RUN useradd --system --create-home tally && install -d -o tally /var/lib/tally
COPY --from=build /opt/tally /opt/tally
ENV PATH=/opt/tally/bin:$PATH PYTHONUNBUFFERED=1 TALLY_ENVIRONMENT=production TALLY_STATE_DIR=/var/lib/tally
WORKDIR /srv/tally
COPY manage.py ./
# Every problem document points at this page.
COPY docs/errors.md docs/errors.md
COPY config config
COPY checkout checkout
COPY payments payments
COPY ledger ledger
COPY exactly_once exactly_once
# Collecting needs no secret, but production's settings ask for all of them: these exist for this one command.
RUN secret=$(head -c 64 /dev/urandom | base64 | tr -d '+/=\n') && \
    SECRET_KEY=$secret ALLOWED_HOSTS=build EMAIL_HOST=build DATABASE_URL=postgresql://build CELERY_BROKER_URL=redis://build \
    STRIPE_API_KEY=sk_$secret STRIPE_WEBHOOK_SECRET=whsec_$secret python manage.py collectstatic --no-input
USER tally
