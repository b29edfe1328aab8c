"""Online Retail through everything, held against reference answers that were computed without this product."""

from collections.abc import Iterator

import pytest

from tests.conformance import online_retail
from tests.end_to_end.loaded import Loaded, loaded

pytestmark = pytest.mark.skipif(
    not online_retail.SOURCE.exists(), reason=f"the public data is not beside the repository: {online_retail.SOURCE}"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    with loaded(f"online_retail:{online_retail.SOURCE}", tmp_path_factory.mktemp("retail")) as held:
        yield held


def test_every_reference_number_comes_out(shop: Loaded) -> None:
    comparisons = list(online_retail.compare(shop))
    assert len(comparisons) == 15
    assert not [one for one in comparisons if not one.passed]
