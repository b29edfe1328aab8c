"""simple-salesforce against the stand-in."""

import csv
import io
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceOperationError,
    SalesforceResourceNotFound,
)

from tests.standins.saas_fixtures import Saas, saas, saas_server

__all__ = ["saas", "saas_server"]

FIELDS = "Id, FirstName, LastName, Email, Phone, MailingCountry, MailingCity, IsDeleted, CreatedDate, SystemModstamp"
EVERYTHING = f"SELECT {FIELDS} FROM Contact"
FAST = 0.01  # seconds between polls


@pytest.fixture
def salesforce(saas: Saas) -> Salesforce:
    return Salesforce(instance_url=saas.base_url, session_id="local-salesforce-session")


def rows(pages: list[str]) -> list[dict[str, str]]:
    return [row for page in pages for row in csv.DictReader(io.StringIO(page))]


def test_every_version_deleted_ones_included(salesforce: Salesforce) -> None:
    found = rows(list(salesforce.bulk2.Contact.query_all(EVERYTHING, wait=FAST)))
    assert len(found) == 40
    assert [row["MailingCity"] for row in found if row["Id"] == "C0003"] == ["Łódź", "York"]
    assert [row["Id"] for row in found if row["IsDeleted"] == "true"] == ["C0027"]
    second = next(row for row in found if row["Id"] == "C0001")
    assert (second["LastName"], second["Phone"]) == ('O"Neill, Jr', "")
    assert second["SystemModstamp"] == "2026-03-25T10:00:00.000Z"


def test_query_leaves_deleted_out(salesforce: Salesforce) -> None:
    found = rows(list(salesforce.bulk2.Contact.query(EVERYTHING, wait=FAST)))
    assert len(found) == 39
    assert {row["IsDeleted"] for row in found} == {"false"}


def test_a_window_is_half_open(salesforce: Salesforce) -> None:
    window = "SystemModstamp >= 2026-03-25T10:00:00Z AND SystemModstamp < 2026-03-25T12:00:00.000+00:00"
    soql = f"SELECT Id FROM Contact WHERE {window} ORDER BY SystemModstamp DESC"
    assert [row["Id"] for row in rows(list(salesforce.bulk2.Contact.query_all(soql, wait=FAST)))] == ["C0002", "C0001"]


def test_an_empty_window_is_one_page_of_header(salesforce: Salesforce) -> None:
    soql = "SELECT Id, Email FROM Contact WHERE SystemModstamp > 2030-01-01T00:00:00Z"
    assert list(salesforce.bulk2.Contact.query_all(soql, wait=FAST)) == ['"Id","Email"\n']


def test_results_are_paged_by_locator(salesforce: Salesforce, tmp_path: Path) -> None:
    pages = list(salesforce.bulk2.Contact.query_all("SELECT Id FROM Contact", max_records=15, wait=FAST))
    assert [len(rows([page])) for page in pages] == [15, 15, 10]
    parts = salesforce.bulk2.Contact.download("SELECT Id FROM Contact", path=str(tmp_path), max_records=25, wait=FAST)
    assert [part["number_of_records"] for part in parts] == [25, 14]
    assert len(rows([Path(part["file"]).read_text() for part in parts])) == 39


def test_other_filters(salesforce: Salesforce) -> None:
    def ids(where: str) -> list[str]:
        soql = f"SELECT Id FROM Contact WHERE {where} ORDER BY Id LIMIT 3"
        return [row["Id"] for row in rows(list(salesforce.bulk2.Contact.query_all(soql, wait=FAST)))]

    assert ids("IsDeleted = TRUE") == ["C0027"]
    assert ids("Email = null") == ["C0002"]
    assert ids("Id IN ('C0004', 'C0005') OR (LastName = 'Smith7' AND NOT MailingCity = 'York')") == [
        "C0004",
        "C0005",
        "C0007",
    ]
    assert ids("LastName = 'O\"Neill, Jr' AND Phone = null AND Email != null") == ["C0001"]


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id FORM Contact", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY", "unexpected end of query"),
        ("SELECT Id, Shoe FROM Contact", "INVALID_FIELD", "No such column 'Shoe' on entity 'Contact'."),
        ("SELECT Id FROM Shoe", "INVALID_TYPE", "sObject type 'Shoe' is not supported."),
        ("SELECT Id FROM Contact WHERE SystemModstamp > 'x'", "INVALID_FIELD", "must be of type dateTime"),
    ],
)
def test_a_wrong_query_is_refused(salesforce: Salesforce, soql: str, code: str, message: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as raised:
        list(salesforce.bulk2.Contact.query_all(soql, wait=FAST))
    assert raised.value.content[0]["errorCode"] == code
    assert message in raised.value.content[0]["message"]


def test_a_job_passes_through_its_states(saas: Saas, salesforce: Salesforce) -> None:
    requests.post(f"{saas.base_url}/_control/salesforce", json={"polls_in_progress": 2}, timeout=5)
    client = salesforce.bulk2.Contact._client
    job = client.create_job("query", "SELECT Id FROM Contact")
    assert (job["state"], job["operation"], job["object"]) == ("UploadComplete", "query", "Contact")
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        client.get_query_results(job["id"])
    states = [client.get_job(job["id"], True)["state"] for _ in range(3)]
    assert states == ["InProgress", "InProgress", "JobComplete"]
    assert client.get_job(job["id"], True)["numberRecordsProcessed"] == 39


def test_a_job_can_be_aborted_and_deleted(saas: Saas, salesforce: Salesforce) -> None:
    requests.post(f"{saas.base_url}/_control/salesforce", json={"polls_in_progress": 9}, timeout=5)
    client = salesforce.bulk2.Contact._client
    job = client.create_job("queryAll", "SELECT Id FROM Contact")
    assert client.abort_job(job["id"], True)["state"] == "Aborted"
    with pytest.raises(SalesforceOperationError, match="Aborted"):
        client.wait_for_job(job["id"], True, wait=FAST)
    path = f"{salesforce.bulk2_url}query/{job['id']}"
    assert requests.delete(path, headers=salesforce.headers, timeout=5).status_code == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.get_job(job["id"], True)


def test_a_wrong_session_is_refused(saas: Saas) -> None:
    intruder = Salesforce(instance_url=saas.base_url, session_id="stolen")
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        list(intruder.bulk2.Contact.query("SELECT Id FROM Contact", wait=FAST))


@pytest.mark.parametrize(
    "login",
    [
        {"username": "airflow@shop.example", "consumer_key": "local-consumer-key", "privatekey_file": "KEY"},
        {"consumer_key": "local-consumer-key", "consumer_secret": "local-consumer-secret"},
        {
            "username": "airflow@shop.example",
            "password": "local",
            "consumer_key": "local-consumer-key",
            "consumer_secret": "local-consumer-secret",
        },
        {"username": "airflow@shop.example", "password": "local", "security_token": "token"},
    ],
    ids=["jwt bearer", "client credentials", "password", "soap"],
)
def test_every_login_works(saas: Saas, login: dict[str, str]) -> None:
    if "privatekey_file" in login:
        login = login | {"privatekey_file": str(saas.state / "keys" / "salesforce_private_key.pem")}
    salesforce = Salesforce(domain=f"{saas.host}/login", **login)
    assert salesforce.sf_instance == saas.host
    assert len(rows(list(salesforce.bulk2.Contact.query("SELECT Id FROM Contact", wait=FAST)))) == 39


@pytest.mark.parametrize(
    "login",
    [
        {"consumer_key": "local-consumer-key", "consumer_secret": "guessed"},
        {"username": "airflow@shop.example", "password": "guessed", "security_token": "token"},
    ],
)
def test_a_wrong_login_is_refused(saas: Saas, login: dict[str, str]) -> None:
    with pytest.raises(SalesforceAuthenticationFailed):
        Salesforce(domain=f"{saas.host}/login", **login)


def test_the_query_resource(salesforce: Salesforce) -> None:
    answer = salesforce.query_all("SELECT Id, CreatedDate FROM Contact ORDER BY Id LIMIT 2", include_deleted=True)
    assert answer["totalSize"] == 2
    assert answer["records"][0]["CreatedDate"] == "2026-03-25T09:00:00.000Z"


def test_faults_have_the_shape_of_the_service(saas: Saas, salesforce: Salesforce) -> None:
    saas.fail("salesforce", 503, path_contains="jobs/query")
    with pytest.raises(SalesforceGeneralError, match="SERVER_UNAVAILABLE"):
        list(salesforce.bulk2.Contact.query("SELECT Id FROM Contact", wait=FAST))


def test_other_resources_are_not_found(salesforce: Salesforce) -> None:
    for path in ("limits/", "jobs/ingest/750000000000001AAA"):
        with pytest.raises(SalesforceResourceNotFound):
            salesforce.restful(path)


def test_the_query_resource_is_paged(salesforce: Salesforce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.saas.salesforce.REST_PAGE", 15)
    ids = [record["Id"] for record in salesforce.query_all_iter("SELECT Id FROM Contact", include_deleted=True)]
    assert (len(ids), len(set(ids))) == (40, 30)
