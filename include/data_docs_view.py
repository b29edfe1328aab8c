"""Views of Data Docs that share their compiled templates: Great Expectations compiles them anew for each page."""

from typing import Any

from great_expectations.render.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _Kept(BytecodeCache):
    """Compiled templates of this process, by a key that jinja2 makes of their name and place."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_KEPT = _Kept()


class PageView(DefaultJinjaPageView):
    """A page of one suite or one result."""

    def __init__(self, **directories: Any) -> None:
        super().__init__(**directories)
        self.env.bytecode_cache = _KEPT


class IndexView(DefaultJinjaIndexPageView):
    """The first page."""

    def __init__(self, **directories: Any) -> None:
        super().__init__(**directories)
        self.env.bytecode_cache = _KEPT


def sections() -> dict[str, Any]:
    """Configuration of the sections of a site: as Great Expectations has them, in our views."""
    view = {"module_name": __name__, "class_name": PageView.__name__}
    return {name: {"view": view} for name in ("expectations", "validations", "profiling")}


def index() -> dict[str, Any]:
    """Configuration of the first page of a site."""
    return {
        "class_name": "DefaultSiteIndexBuilder",
        "view": {"module_name": __name__, "class_name": IndexView.__name__},
    }
