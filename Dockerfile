# The project on the Astro Runtime that carries Airflow 3.3.2, with the newest Python that dbt 1.11 supports there.
# The runtime's own ONBUILD steps install packages.txt and requirements.txt and copy the project to /usr/local/airflow.
# Both stages name the runtime in full: the Astro CLI reads its version from this text. They share their layers.

# The REST API by itself: docker build --target api
FROM astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12 AS api
ENV PYTHONPATH=/usr/local/airflow \
    API_HOST=0.0.0.0 \
    PORT=5000
USER astro
EXPOSE 5000
# The port is what it listens on, also where a platform sets another one.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from os import environ as e; from urllib.request import urlopen as u; u('http://127.0.0.1:' + e['PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["python", "-m", "plugins.analytics"]
CMD ["serve"]

# Airflow: the last stage, which `astro dev start` and `astro deploy` build.
FROM astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12
# The commit the image was built from; it is written beside every batch and build.
ARG CODE_VERSION=dev
ENV PYTHONPATH=/usr/local/airflow \
    CODE_VERSION=${CODE_VERSION} \
    AIRFLOW__COSMOS__ENABLE_TELEMETRY=False \
    # Tasks take up the parse made below.
    AIRFLOW__COSMOS__ENABLE_CACHE_PARTIAL_PARSE=False \
    # Else the task that runs dbt writes all that it has told so far again with every outcome (decision 0022).
    AIRFLOW__COSMOS__ENABLE_WATCHER_RELIABLE_RETRY=False \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    GX_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1
USER astro
# The manifest from which the DAG renders dbt's models as tasks. It needs no connection.
RUN python -m include.parse_project --mock
