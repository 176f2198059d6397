# Build:    docker build --tag stet .
# Prepare:  docker run --rm --volume stet:/data stet migrate
# Serve:    docker run --detach --stop-timeout 30 --publish 8000:8000 --volume stet:/data stet
#
# The base is named by its tag. To pin its bytes too, append the digest that
# `docker buildx imagetools inspect python:3.11.14-slim-bookworm` prints, in both places:
# python:3.11.14-slim-bookworm@sha256:...

FROM python:3.11.14-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

WORKDIR /srv/stet

# The dependencies are a layer of their own: it is built again only when the lock changes.
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock

# Installed in place, so that the command line finds the migrations beside the code.
COPY pyproject.toml alembic.ini LICENSE ./
COPY app/ app/
COPY migrations/ migrations/
COPY seeds/ seeds/
# A clone that was made under umask 077 is its owner's alone, and the files keep their modes.
RUN pip install --no-deps --no-build-isolation --editable . \
    && python -m compileall -q app migrations seeds \
    && chmod -R a+rX .


FROM python:3.11.14-slim-bookworm

LABEL org.opencontainers.image.title="Stet" \
      org.opencontainers.image.description="A service for annotating text" \
      org.opencontainers.image.licenses="Apache-2.0"

# A fixed number, so that a volume's owner is the same in every build. Where any other number is given
# to the user (--user, OpenShift), its group is root.
RUN groupadd --gid 10001 stet \
    && useradd --uid 10001 --gid stet --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin stet \
    && install --directory --owner=stet --group=root --mode=0770 /data

COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/stet /srv/stet

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STET_HOST=0.0.0.0

# Here are stet.db, by default, the .env that is read, and what a command writes beside it, as the
# tokens of stet seed. No variable above names the database, for it would hide the name in the file.
WORKDIR /data
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000

# Healthy means ready: the process answers, and so does the database behind it.
# A proxy that the container is told to use is not asked, and the port is that of the settings.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('STET_PORT', '8000') + '/readyz', timeout=4)"]

# The first process of a container is given no signal that it does not listen for, and Python listens
# for this one from its start: SIGTERM would be lost while Stet begins, and on commands but serve.
STOPSIGNAL SIGINT

ENTRYPOINT ["stet"]
CMD ["serve"]
