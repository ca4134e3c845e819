# The whole product in one image, for machines without a GPU. The set-up is that of
# scripts/start.sh, done while building, so that a container starts at once and fetches nothing.
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY pyproject.toml constraints.txt Procfile ./
COPY scripts scripts
COPY protos protos
COPY backend backend
RUN bash -c '. scripts/lib/setup.sh && set_up runtime' \
    && chmod -R a+rX .models && rm -rf /root/.cache .data
COPY frontend frontend

RUN useradd --system --home-dir /data glm && mkdir /data && chown glm /data
USER glm
VOLUME /data
ENV DATA_DIR=/data HOST=0.0.0.0 PORT=8080
EXPOSE 8080
# Set ALLOWED_HOSTS to the name under which the page is reached, and API_KEYS to shut the API.
CMD ["scripts/start.sh"]
