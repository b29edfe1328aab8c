"""The last few results, for RESULT_SCAN and for clients that fetch a result by its id."""

from threading import Lock

from fakesnow.rowtype import ColumnInfo

KEPT_RESULTS = 50
KEPT_RESULT_ROWS = 10_000


class RecentResults(dict[str, tuple]):
    """fakesnow's cache of results, which would otherwise hold every result for ever; large ones are not kept."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: dict[str, list[ColumnInfo]] = {}
        self._lock = Lock()  # each session answers in a thread of its own

    def __setitem__(self, query_id: str, result: tuple) -> None:
        table = result[0]
        if table is not None and table.num_rows > KEPT_RESULT_ROWS:
            return
        with self._lock:
            super().__setitem__(query_id, result)
            while len(self) > KEPT_RESULTS:
                self.pop(next(iter(self)), None)

    def keep_columns(self, query_id: str, columns: list[ColumnInfo]) -> None:
        """Remember the types of a result, which its rows alone do not tell."""
        with self._lock:
            self.columns[query_id] = columns
            while len(self.columns) > 2 * KEPT_RESULTS:
                self.columns.pop(next(iter(self.columns)), None)
