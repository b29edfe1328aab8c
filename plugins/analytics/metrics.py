"""Counters for Prometheus. Labels are routes, methods, states and operations: never an id of a customer or a key."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one API."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._of_route: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "analytics_api_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "analytics_api_request_seconds",
            "Seconds from request to answer.",
            ["route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        cache = Counter(
            "analytics_api_cache",
            "Answers by where they came from: hit, miss, joined (waited for another's miss).",
            ["outcome"],
            registry=self._registry,
        )
        self._cache = {outcome: cache.labels(outcome) for outcome in ("hit", "miss", "joined")}
        self._queries = Counter(
            "analytics_api_warehouse_queries",
            "Queries of the warehouse.",
            ["operation", "outcome"],
            registry=self._registry,
        )
        self._query_seconds = Histogram(
            "analytics_api_warehouse_seconds",
            "Seconds of a query of the warehouse, waiting for a session included.",
            ["operation"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self.cache_bytes = Gauge("analytics_api_cache_bytes", "Bytes of the answers kept.", registry=self._registry)
        self._build = Gauge("analytics_build_number", "Number of the build that is served.", registry=self._registry)
        self._data_through = Gauge(
            "analytics_data_through_timestamp_seconds",
            "Midnight (UTC) of the last day that the build covers.",
            registry=self._registry,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        method = method if method in METHODS else "other"  # clients may send any word
        counters = self._of_route.get((route, method, status))
        if counters is None:  # looking a counter up by its labels costs more than counting
            counters = self._requests.labels(route, method, status), self._seconds.labels(route)
            self._of_route[route, method, status] = counters
        counters[0].inc()
        counters[1].observe(seconds)

    def cached(self, outcome: str) -> None:
        """Count where an answer came from."""
        self._cache[outcome].inc()

    def asked_warehouse(self, operation: str, outcome: str, seconds: float) -> None:
        """Count a query."""
        self._queries.labels(operation, outcome).inc()
        self._query_seconds.labels(operation).observe(seconds)

    def serves(self, build_number: int, data_through_timestamp: float) -> None:
        """Tell which build is served."""
        self._build.set(build_number)
        self._data_through.set(data_through_timestamp)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)
