"""Old exports go when nobody is led to them any more; what the newest manifests name stays, wherever it lies."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from include import config, maintenance
from include.exports.clearing import OUTDATED, UNFINISHED
from include.exports.manifest import ExportLake
from tests.pipeline.test_exports import BY_DAY, MART, Shop, shop, written

__all__ = ["shop"]
MAINTAINED = ("maintain_warehouse", "scheduled__1")
YOUNG, OLD = timedelta(days=config.EXPORTS_DAYS, hours=-1), timedelta(days=config.EXPORTS_DAYS, hours=1)


def cleared(shop: Shop, after: timedelta = OLD, idle: bool = True, dry: bool = False) -> int:
    """Files that maintenance removes at a time from now."""
    now = datetime.now(UTC) + after
    return maintenance.clear_exports(shop.warehouse, now, lambda dag_id: idle, MAINTAINED, dry_run=dry)


def audited(shop: Shop) -> dict[str, str]:
    """Reasons by the folder; a folder that has two rows is an error."""
    rows = shop.warehouse.execute("select table_name, batch_id, reason, dag_id, run_id from audit.maintenance")
    reasons: dict[str, str] = {}
    for folder, export_id, reason, *run in rows.fetchall():
        assert folder not in reasons and folder.endswith(f"/build={export_id}/") and tuple(run) == MAINTAINED
        reasons[folder] = reason
    return reasons


@pytest.fixture
def exported(shop: Shop) -> Iterator[Shop]:
    """Two exports, of which the second needs files of the first; one of a day in CSV; and what two tries have left."""
    first = shop.export("first")
    shop.sell("O2C", 2, "3")
    shop.build()
    second = shop.export("second")
    assert (written(first), written(second)) == (["2026-06-01", "2026-06-02", "2026-06-03"], ["2026-06-02"])
    day = {"start_day": date(2026, 6, 1), "end_day": date(2026, 6, 2), "is_latest": False}
    shop.export("csv", replace(BY_DAY, format="csv"), **day)
    for folder in (f"build={second.export_id}", "build=9-0123abcd"):
        for name in ("data_left.parquet", "_part.json"):
            key = f"exports/{MART}/{folder}/day=2026-06-09/{name}"
            shop.lake.s3.put_object(Bucket=shop.lake.bucket, Key=key, Body=b"{}")
    shop.lake.s3.put_object(Bucket=shop.lake.bucket, Key=f"exports/{MART}/README.txt", Body=b"somebody's own")
    yield shop
    shop.lake.remove(shop.lake.sizes("exports/"))


def test_what_nobody_is_led_to_goes_when_it_is_old_and_the_rest_can_be_read(exported: Shop):
    latest, before = exported.lake.latest(), exported.objects()
    assert latest is not None
    assert cleared(exported, YOUNG) == 0
    assert cleared(exported, dry=True) > 0
    assert (exported.objects(), audited(exported)) == (before, {})

    removed = cleared(exported)
    gone = before - exported.objects()
    assert len(gone) == removed
    kept = {file.key for part in latest.parts for file in part.files}
    assert sum(f"build={latest.export_id}/" not in key for key in kept) == 2  # days that the first export wrote
    own = f"exports/{MART}/build={latest.export_id}/"
    markers = {f"{own}manifest.json", f"{own}day=2026-06-02/_part.json", f"{own}day=2026-06-09/_part.json"}
    assert exported.objects() == kept | markers | {f"exports/{MART}/latest.json", f"exports/{MART}/README.txt"}
    assert exported.read(exported.lake.latest()) == exported.rows()
    assert sorted(audited(exported).values()) == sorted([OUTDATED, OUTDATED, UNFINISHED, UNFINISHED])
    assert cleared(exported) == 0
    exported.build()
    assert written(exported.export("third")) == []


def test_nothing_goes_while_an_export_is_under_way(exported: Shop):
    before = exported.objects()
    assert cleared(exported, idle=False) == 0
    assert exported.objects() == before


def test_a_younger_manifest_that_is_not_the_newest_keeps_its_files(exported: Shop):
    """Readers that began with the pointer of yesterday can go on."""
    yesterday = exported.lake.latest()
    exported.sell("O1C", 1, "4")
    exported.build()
    exported.export("third")
    assert cleared(exported, YOUNG) == 0
    assert exported.read(yesterday) != exported.read(exported.lake.latest())


def test_a_removal_that_was_cut_off_is_done_the_next_time_with_one_audit_row_each(exported: Shop, monkeypatch):
    remove, calls = ExportLake.remove, iter(range(100))

    def cut_off(lake: ExportLake, keys: list[str]) -> None:
        if next(calls) % 2:
            raise ConnectionError("S3 went away")
        remove(lake, keys)

    before = exported.objects()
    with monkeypatch.context() as patch:
        patch.setattr(ExportLake, "remove", cut_off)
        with pytest.raises(ConnectionError):
            cleared(exported)
    assert exported.objects() < before
    cleared(exported)
    assert len(audited(exported)) == 4
    assert exported.read(exported.lake.latest()) == exported.rows()
