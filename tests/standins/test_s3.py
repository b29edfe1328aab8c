"""The S3 stand-in keeps what it is given, through a restart too."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.s3.models import s3_backends

from local.s3 import ACCOUNT, BUCKET, DurableS3, ObjectStore
from local.stack import Stack

PART = 5 * 1024 * 1024


@pytest.fixture
def client(stack: Stack) -> Any:
    endpoint = stack.endpoints["s3"]
    return boto3.client(
        "s3",
        endpoint_url=endpoint["endpoint_url"],
        aws_access_key_id=endpoint["access_key"],
        aws_secret_access_key=endpoint["secret_key"],
        region_name=endpoint["region"],
    )


def held(state: Path) -> dict[str, bytes]:
    """What a server started now would find."""
    return {key: path.read_bytes() for key, path, _ in ObjectStore(state / "s3").keys(BUCKET)}


def test_objects_are_kept_overwritten_and_deleted(client: Any, state: Path):
    client.put_object(Bucket=BUCKET, Key="s3/day=2026-03-29/a b+c.txt", Body=b"one", Metadata={"made-by": "test"})
    assert held(state)["s3/day=2026-03-29/a b+c.txt"] == b"one"
    client.put_object(Bucket=BUCKET, Key="s3/day=2026-03-29/a b+c.txt", Body=b"two")
    assert held(state)["s3/day=2026-03-29/a b+c.txt"] == b"two"
    client.copy_object(
        Bucket=BUCKET, Key="s3/copy", CopySource={"Bucket": BUCKET, "Key": "s3/day=2026-03-29/a b+c.txt"}
    )
    assert held(state)["s3/copy"] == b"two"
    client.delete_object(Bucket=BUCKET, Key="s3/day=2026-03-29/a b+c.txt")
    assert "s3/day=2026-03-29/a b+c.txt" not in held(state)
    client.put_object(Bucket=BUCKET, Key="s3/other", Body=b"")
    client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "s3/copy"}, {"Key": "s3/other"}]})
    assert not {"s3/copy", "s3/other"} & set(held(state))


def test_a_multipart_upload_is_kept_when_it_is_complete(client: Any, state: Path):
    upload = client.create_multipart_upload(Bucket=BUCKET, Key="s3/big")["UploadId"]
    parts = []
    for number, body in enumerate([b"a" * PART, b"b" * 10], start=1):
        made = client.upload_part(Bucket=BUCKET, Key="s3/big", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": made["ETag"]})
    assert "s3/big" not in held(state)
    client.complete_multipart_upload(Bucket=BUCKET, Key="s3/big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert held(state)["s3/big"] == b"a" * PART + b"b" * 10
    assert client.get_object(Bucket=BUCKET, Key="s3/big", Range="bytes=5242879-5242881")["Body"].read() == b"abb"


def test_a_new_server_restores_objects_with_their_headers(tmp_path: Path):
    store = ObjectStore(tmp_path)
    store.save(BUCKET, "a/b", [b"x", b"y"], {"metadata": {"Content-Type": "text/plain"}, "storage": "STANDARD"})
    store.save("another-bucket", "c", [b"z"], {"metadata": {}, "storage": None})
    s3_backends.reset()
    try:
        DurableS3(None, store)
        backend = s3_backends[ACCOUNT]["aws"]
        restored = backend.get_object(BUCKET, "a/b")
        assert (restored.value, restored.metadata["Content-Type"]) == (b"xy", "text/plain")
        assert backend.get_object("another-bucket", "c").value == b"z"
    finally:
        s3_backends.reset()


def test_keys_cannot_leave_their_folder(tmp_path: Path):
    store = ObjectStore(tmp_path / "s3")
    for key in ("../../outside", "/absolute", "a//b", "folder/", "x" * 900, "./."):
        store.save(BUCKET, key, [key.encode()], {})
    assert {key for key, _, _ in store.keys(BUCKET)} == {
        "../../outside",
        "/absolute",
        "a//b",
        "folder/",
        "x" * 900,
        "./.",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["s3"]
