"""The OpenAPI document is whole: what a reader or a generator of clients relies on is there."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from pydantic import TypeAdapter, ValidationError

from app.core.errors import MEDIA_TYPE, catalogue
from app.core.vocabulary import AttributeType, ChangeKind
from app.main import create_app, wrapped
from app.operations.openapi.described import TAGS
from app.projects.schemas import AttributeName, Term
from tests.conftest import settings
from tests.uses import TABLE

# Nothing here asks the database.
APP = create_app(settings("sqlite:///never-opened.db"))
DOCUMENT: dict[str, Any] = APP.openapi()

# Words that a client's language may keep for itself.
RESERVED = {"class", "delete", "export", "import", "new", "return", "yield"}
# Names by which generated modules of Python call what they import: a parameter would hide it.
IMPORTED = {"cast", "client", "datetime", "errors", "httpx", "quote"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            yield operation["operationId"], operation


OPERATIONS = dict(operations())


def examples_of(content: dict[str, Any]) -> list[Any]:
    """The values of a media type's examples."""
    shared = DOCUMENT["components"]["examples"]
    return [
        (shared[example["$ref"].rpartition("/")[2]] if "$ref" in example else example)["value"]
        for example in content.get("examples", {}).values()
    ]


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What a schema of the document finds wrong with a value."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def test_what_a_body_holds_any_number_of_has_a_limit() -> None:
    """Each may be one more that a database is asked for, and those take so many and no more."""
    known = DOCUMENT["components"]["schemas"]
    unlimited = set()
    waiting = [
        schema
        for operation in OPERATIONS.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for schema in [("", content["schema"])]
    ]
    seen = set()
    while waiting:
        name, schema = waiting.pop()
        if "$ref" in schema:
            reference = schema["$ref"].rpartition("/")[2]
            if reference not in seen:
                seen.add(reference)
                waiting.append((name, known[reference]))
            continue
        waiting += [(name, other) for other in schema.get("anyOf", ())]
        waiting += list(schema.get("properties", {}).items())
        if "items" in schema:
            waiting.append((name, schema["items"]))
        if ("items" in schema and "maxItems" not in schema) or (
            schema.get("additionalProperties") and "maxProperties" not in schema
        ):
            unlimited.add(name)

    # Each is stored as one value; how large a body may be is their limit.
    assert unlimited == {"fragments", "metadata"}


def test_what_may_be_left_out_of_a_body_has_no_default_but_in_words() -> None:
    """To a generator of clients what has one is always there: TypeScript would ask for it."""
    known = DOCUMENT["components"]["schemas"]
    sent = {
        name: schema for name, schema in known.items() if not schema.get("additionalProperties", 1)
    }
    told = {
        f"{name}.{field}": part["description"].rpartition("`")[0].rpartition("`")[2]
        for name, schema in sent.items()
        for field, part in schema["properties"].items()
        if part.get("description", "").endswith(" if left out.")
    }

    for schema in sent.values():
        assert [field for field, part in schema["properties"].items() if "default" in part] == []
    assert (
        told.items()
        >= {
            "AnnotationIn.attributes": "{}",
            "AnnotationIn.origin": '"human"',
            "ProjectIn.settings": "{}",
            "ProjectSettings.allow_self_review": "false",
            "ReleaseFilter.label": "[]",
            "UserIn.is_admin": "false",
        }.items()
    )


def test_operation_ids_are_unique_and_make_well_named_clients() -> None:
    ids = [name for name, _ in operations()]

    assert len(ids) == len(set(ids))
    assert [id for id in ids if not re.fullmatch(r"[a-z]+(_[a-z]+)*", id)] == []
    assert set(ids) & RESERVED == set()


def test_no_parameter_hides_what_a_generated_client_imports() -> None:
    parameters = {p["name"] for o in OPERATIONS.values() for p in o.get("parameters", ())}

    assert parameters & IMPORTED == set()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_does(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"]
    assert len(operation["summary"]) <= 100
    assert operation["description"].endswith(".")
    assert len(operation["tags"]) == 1
    assert set(operation["tags"]) <= TAGS.keys()
    undescribed = [p["name"] for p in operation.get("parameters", ()) if not p["description"]]
    assert undescribed == []
    assert [s for s, answer in operation["responses"].items() if not answer["description"]] == []


def test_every_tag_is_used() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}

    assert used == TAGS.keys()


@pytest.mark.parametrize("name", [n for n, o in OPERATIONS.items() if "requestBody" in o])
def test_an_operation_with_a_body_shows_one_that_fits(name: str) -> None:
    for content in OPERATIONS[name]["requestBody"]["content"].values():
        examples = examples_of(content)

        assert examples
        assert [faults(content["schema"], example) for example in examples] == [[]] * len(examples)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_shows_answers_that_fit(name: str) -> None:
    for status, answer in OPERATIONS[name]["responses"].items():
        for content in answer.get("content", {}).values():
            examples = examples_of(content)

            assert examples, status
            wrong = [faults(content["schema"], example) for example in examples]
            assert wrong == [[]] * len(examples)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_tells_of_the_problems_that_it_can_answer(name: str) -> None:
    operation = OPERATIONS[name]
    told = {
        example["type"]
        for answer in operation["responses"].values()
        for example in examples_of(answer.get("content", {}).get(MEDIA_TYPE, {}))
    }

    expected = {"internal-error", "request-timeout", "too-large", "head-too-large"}
    if operation["tags"] != ["operations"]:
        expected |= {"invalid-parameter", "unavailable"}
    if operation["security"]:
        expected |= {"unauthenticated"}
    if "requestBody" in operation:
        expected |= {"invalid-json", "unsupported-media-type"}
        expected |= {"missing-field", "unknown-field", "invalid-value", "invalid-body"}
    if any(p["name"] == "If-Match" for p in operation.get("parameters", ())):
        expected |= {"stale-version", "precondition-required"}
    assert {f"/problems/{code}" for code in expected} <= told


@pytest.mark.parametrize("route", [route for route in TABLE if " /v1/" in route])
def test_an_operation_tells_of_what_each_role_and_another_site_is_refused(route: str) -> None:
    method, _, path = route.partition(" ")
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    told = {
        (int(status), code)
        for status, answer in responses.items()
        for code in answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    }

    # That each is refused so, the tests of the contract and of other sites ask of the server.
    codes = {401: "unauthenticated", 403: "forbidden", 404: "not-found"}
    expected = {(status, codes[status]) for status in TABLE[route].answers if status in codes}
    if method != "GET":
        expected.add((403, "cross-site-request"))
    assert expected <= told


def test_only_what_needs_no_caller_is_open() -> None:
    open_to_all = {name for name, operation in OPERATIONS.items() if not operation["security"]}

    assert open_to_all == {
        "sign_in",
        "get_health",
        "get_readiness",
        "get_metrics",
        "get_problem",
    }


def test_a_change_of_a_resource_requires_if_match() -> None:
    for path in DOCUMENT["paths"].values():
        for method in {"patch", "delete"} & path.keys():
            operation = path[method]
            required = {p["name"] for p in operation.get("parameters", ()) if p.get("required")}

            assert "If-Match" in required or operation["operationId"] == "sign_out"


def test_a_single_resource_has_a_tag_and_is_not_sent_twice() -> None:
    for name in (
        "get_document",
        "get_text",
        "get_annotation",
        "get_project",
        "get_scheme",
        "get_relation",
    ):
        responses = OPERATIONS[name]["responses"]

        assert "ETag" in responses["200"]["headers"]
        assert "content" not in responses["304"]
        assert "If-None-Match" in {p["name"] for p in OPERATIONS[name]["parameters"]}


def test_a_sequence_may_need_64_bits() -> None:
    operation = DOCUMENT["paths"]["/v1/projects/{project}/changes"]["get"]
    export = DOCUMENT["paths"]["/v1/projects/{project}/export"]["get"]
    sequences = [
        *(it["schema"] for it in operation["parameters"] if it["name"] == "after"),
        *(it["schema"] for it in export["parameters"] if it["name"] == "Stet-Snapshot"),
        operation["responses"]["200"]["headers"]["Stet-Snapshot"]["schema"],
        DOCUMENT["components"]["schemas"]["ReleaseOut"]["properties"]["snapshot"],
    ]

    assert [(it["type"], it["format"]) for it in sequences] == [("integer", "int64")] * 4


def test_what_a_stream_holds_is_described() -> None:
    known = DOCUMENT["components"]["schemas"]
    for name, holds in (
        ("follow_changes", "ChangeOut"),
        ("export_project", "ExportedDocument"),
        ("export_release", "ExportedDocument"),
    ):
        content = OPERATIONS[name]["responses"]["200"]["content"]["application/x-ndjson"]
        held = {"$ref": f"#/components/schemas/{holds}"}

        assert content["schema"]["contentSchema"] == held
        for example in examples_of(content):
            assert [faults(held, json.loads(line)) for line in example.splitlines()] == [[]]
    assert known["ChangeKind"]["enum"] == list(ChangeKind)


def test_an_export_is_typed_by_what_it_is() -> None:
    for name in ("export_project", "export_release"):
        content = OPERATIONS[name]["responses"]["200"]["content"]
        kinds = {media_type: it["schema"].get("format") for media_type, it in content.items()}

        # What generators know of these, they take the first of: bytes serve for every format.
        assert next(iter(content)) == "application/octet-stream"
        assert {media_type for media_type, format in kinds.items() if format == "binary"} == {
            "application/octet-stream",
            "application/vnd.apache.parquet",
            "application/zip",
        }
        assert content["application/ld+json"]["schema"] == {"type": "object"}
        assert "Content-Disposition" in OPERATIONS[name]["responses"]["200"]["headers"]
    assert OPERATIONS["import_file"]["requestBody"]["required"] is True


def test_events_are_shown_as_they_are_sent() -> None:
    content = OPERATIONS["follow_changes"]["responses"]["200"]["content"]

    [lines] = examples_of(content["application/x-ndjson"])
    [events] = examples_of(content["text/event-stream"])

    entry = json.loads(lines)
    assert events == (
        f"retry: 1000\n\nid: {entry['sequence']}\nevent: {entry['kind']}\n"
        f"data: {lines.removesuffix(chr(10))}\n\n"
    )


def test_filters_on_attributes_are_described() -> None:
    for name in ("list_annotations", "export_project"):
        parameters = {p["name"]: p for p in OPERATIONS[name]["parameters"]}

        # With style form and explode, the object's members are parameters of the query.
        assert (parameters["attributes"]["style"], parameters["attributes"]["explode"]) == (
            "form",
            True,
        )
        # A scheme's attributes are named in any script.
        assert faults(parameters["attributes"]["schema"], {"attribute.дія": "так"}) == []


def test_the_parameters_of_a_path_come_in_its_order() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            parameters = operation.get("parameters", [])
            names = [p["name"] for p in parameters[: path.count("{")]]

            assert names == re.findall(r"{(\w+)}", path)
            assert {p["in"] for p in parameters[path.count("{") :]} <= {"query", "header"}


def test_a_name_in_a_path_is_that_of_what_the_path_leads_to() -> None:
    told = {
        path.rsplit("/", 1)[0].rpartition("/")[2]: parameter["description"]
        for path, operations in DOCUMENT["paths"].items()
        if path.endswith("/{name}")
        for operation in operations.values()
        for parameter in operation["parameters"]
        if parameter["name"] == "name"
    }

    assert told == {
        "members": "The user's name.",
        "releases": "The release's name.",
        "users": "The user's name.",
    }
    exported = OPERATIONS["export_release"]["parameters"]
    assert {"The release's name."} == {p["description"] for p in exported if p["name"] == "name"}


# Some are letters to one engine and none to another, or white space.
_TERMS = ["", "a", "é", "дія", "กล่าว", "२", "²", "Ⓐ", "ⅷ", "_", "\u203f", "-", "🇺🇦", "a.b-c d"]
_TERMS += ["a\u200db", "a\n"]
_TERMS += [f"{blank}a" for blank in " \u0085\u00a0\u1680\u200b\u2028\u3000\ufeff"]
_TERMS += ["a" * 99, "é" * 99, "a" * 100, "𝔞" * 100, "a" * 101]


@pytest.mark.parametrize(("kind", "exactly"), [(AttributeName, False), (Term, True)])
def test_a_name_in_a_scheme_is_to_a_client_what_it_is_to_the_server(
    kind: Any, *, exactly: bool
) -> None:
    """What is a letter of any script, no pattern can say that engines of every kind read."""
    server = TypeAdapter(kind)
    pattern = server.json_schema()["pattern"]
    program = "const [pattern, terms] = JSON.parse(require('fs').readFileSync(0));"
    program += "console.log(JSON.stringify(terms.map((term) => RegExp(pattern, 'u').test(term))))"

    ran = subprocess.run(
        [Path(sys.executable).with_name("node"), "--eval", program],
        input=json.dumps([pattern, _TERMS]),
        capture_output=True,
        text=True,
        check=True,
    )

    taken = [term for term, matches in zip(_TERMS, json.loads(ran.stdout), strict=True) if matches]
    allowed = [term for term in _TERMS if _takes(server, term)]
    assert [term for term in taken if exactly or term.isascii()] == [
        term for term in allowed if exactly or term.isascii()
    ]
    assert set(allowed) <= set(taken)
    assert set(taken) > {"a", "é", "дія", "กล่าว", "२", "Ⓐ"}


def _takes(server: TypeAdapter[str], term: str) -> bool:
    try:
        server.validate_python(term)
    except ValidationError:
        return False
    return True


def test_the_types_of_attributes_have_names_that_differ() -> None:
    schema = DOCUMENT["components"]["schemas"]["AttributeType"]
    names = dict(zip(schema["x-enum-varnames"], schema["enum"], strict=True))

    assert names == {one.name: one.value for one in AttributeType}


def test_a_client_reads_every_pattern_as_the_server_does() -> None:
    # By these ECMA-262 and Unicode mean different characters.
    patterns = re.findall(r'"pattern": "([^"]*)"', json.dumps(DOCUMENT))

    assert patterns
    assert [one for one in patterns if re.search(r"\\[wWdDsSbBpP]", one)] == []
    for one in patterns:
        # Many validators of JSON Schema are in Python and read them by this.
        re.compile(json.loads(f'"{one}"'))


def test_nothing_is_left_of_the_frameworks_own_errors() -> None:
    assert "ValidationError" not in str(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r"'\$ref': '#/([^']+)'", str(DOCUMENT)))

    for reference in references:
        place = DOCUMENT
        for part in reference.split("/"):
            place = place[part]
    assert references


@pytest.fixture
async def nobody() -> Any:
    transport = httpx.ASGITransport(wrapped(APP))
    async with httpx.AsyncClient(transport=transport, base_url="http://stet.test") as client:
        yield client


async def test_the_document_is_served(nobody: httpx.AsyncClient) -> None:
    answer = await nobody.get("/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == DOCUMENT


@pytest.mark.parametrize("code", catalogue())
async def test_the_type_of_every_problem_is_a_page(nobody: httpx.AsyncClient, code: str) -> None:
    problem = catalogue()[code].example().body()

    page = await nobody.get(problem["type"])

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{escape(problem['title'])}</h1>" in page.text
