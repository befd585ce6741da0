# The page and the API of `ecgan serve`. The token comes from the environment:
#   docker build -t ecgan .
#   docker run --rm -p 8000:8000 -e ECGAN_TOKEN="$(openssl rand -hex 24)" --read-only --tmpfs /tmp ecgan
FROM python:3.12-slim

# What OpenCV and mediapipe load.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libegl1 libgl1 libglib2.0-0 libgles2 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build
COPY pyproject.toml README.md LICENSE requirements.lock ./
COPY src ./src
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.txt \
    && pip install --no-cache-dir --require-hashes -r uv.txt \
    && uv pip install --system --no-cache --require-hashes -r requirements.lock \
    && uv pip install --system --no-cache --no-deps --no-build-isolation . \
    && rm -rf /build/*

RUN useradd --create-home --uid 10001 ecgan
USER ecgan
WORKDIR /home/ecgan
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["ecgan"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
