"""Great Expectations' expectation of a query without rows, in one statement: it fetches every row that it counts."""

from typing import Any, ClassVar

from great_expectations.expectations.core import UnexpectedRowsExpectation


class UnexpectedRowCount(UnexpectedRowsExpectation):
    """A query has no rows. They are counted where they are: what breaks a rule need not travel to be known."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict, *arguments: Any, **options: Any) -> Any:
        return super()._validate({**metrics, "unexpected_rows_query.table": []}, *arguments, **options)


TYPE = UnexpectedRowCount.expectation_type
