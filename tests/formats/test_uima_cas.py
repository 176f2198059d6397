"""UIMA CAS, checked both ways by dkpro-cassis, which counts in code points as Stet does."""

import io
import zipfile
from dataclasses import replace
from typing import Any

import cassis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import InvalidFile
from app.core.vocabulary import OffsetUnit
from app.formats import xmi
from app.formats.codecs import Format, codec
from app.formats.record import DocumentRecord, Item
from app.text.offsets import Ruler
from tests.formats import records, samples
from tests.formats.samples import DOCUMENT, MARK, PLAIN, SPLIT, TEXT

UIMA = codec(Format.UIMA_CAS)
SPAN, RELATION = "webanno.custom.StetSpan", "webanno.custom.StetRelation"
METADATA = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
HEAD = (
    '<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore"'
    ' xmlns:custom="http:///webanno/custom.ecore" xmi:version="2.0">'
)
SOFA = '<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" sofaString="One two"/>'


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes | str]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def loaded(document: DocumentRecord) -> cassis.Cas:
    files = members(samples.written(UIMA, document))
    assert list(files) == ["TypeSystem.xml", f"{document.id}.xmi"]
    types = cassis.load_typesystem(io.BytesIO(files["TypeSystem.xml"]))
    return cassis.load_cas_from_xmi(io.BytesIO(files[f"{document.id}.xmi"]), typesystem=types)


def foreign(xmi: str, name: str = "folder/doc.xmi") -> Item:
    (item,) = samples.read(UIMA, packed({name: xmi}))
    return item


def test_cassis_finds_what_was_written() -> None:
    cas = loaded(DOCUMENT)

    assert cas.sofa_string == TEXT
    (metadata,) = cas.select(METADATA)
    assert (metadata.documentTitle, metadata.documentId) == (DOCUMENT.title, str(DOCUMENT.id))
    assert metadata.language == "en"
    found = {span.identifier: span for span in cas.select(SPAN)}
    assert {(it.begin, it.end, it.label, it.get_covered_text()) for it in found.values()} == {
        (it.start, it.end, it.label, it.quote) for it in (SPLIT, MARK, PLAIN)
    }
    mark = found[str(MARK.id)]
    assert (mark.note, mark.externalId) == (MARK.note, "m/1")
    assert mark.text == "a b\n<c> & \ufffd \ufffd"
    assert [it or "" for it in mark.texts.elements] == MARK.attributes["texts"]
    assert (mark.kind, mark.kinds.elements) == ("two", ["один", "two"])
    assert (mark.sure, mark["count"], mark.score) == ("true", str(2**53 - 1), "0.1")
    plain = found[str(PLAIN.id)]
    assert (plain.origin, plain.confidence, plain.note) == ("model", 0.25, None)
    (relation,) = cas.select(RELATION)
    assert (relation.Governor, relation.Dependent) == (plain, mark)
    assert (relation.label, relation.begin, relation.end) == ("joins", MARK.start, MARK.end)


@settings(max_examples=40)
@given(document=records.documents())
def test_what_cassis_writes_again_is_read_the_same(document: DocumentRecord) -> None:
    (direct,) = samples.read(UIMA, samples.written(UIMA, document))

    (again,) = samples.read(UIMA, packed({"x.xmi": loaded(document).to_xmi().encode()}))

    def said(item: Item) -> dict[str, Any]:
        # cassis reads an empty string in an array as none.
        return records.given(item, UIMA.loses)

    assert said(again) == said(direct)


def test_a_cas_of_other_layers_is_read() -> None:
    types = cassis.TypeSystem()
    segmentation = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type"
    token = types.create_type(f"{segmentation}.Token", "uima.tcas.Annotation")
    claim = types.create_type("webanno.custom.Claim", "uima.tcas.Annotation")
    types.create_feature(claim, "value", "uima.cas.String")
    types.create_feature(claim, "count", "uima.cas.Integer")
    bare = types.create_type("webanno.custom.plain", "uima.tcas.Annotation")
    link = types.create_type("webanno.custom.Link", "uima.tcas.Annotation")
    for end in ("Governor", "Dependent"):
        types.create_feature(link, end, claim)
    cas = cassis.Cas(types)
    cas.sofa_string, cas.sofa_mime = "😀 One\r\ntwo", "text/plain"
    first, second = claim(begin=2, end=5, value="mark", count=3), bare(begin=7, end=10)
    cas.add_all(
        [
            token(begin=0, end=1),
            first,
            second,
            link(begin=2, end=5, Governor=second, Dependent=first),
        ]
    )

    (item,) = samples.read(UIMA, packed({"a/b.txt/anna.xmi": cas.to_xmi().encode()}))

    assert item.problem is None
    value = item.value
    assert (value["title"], value["text"]) == ("anna", "😀 One\r\ntwo")
    mark, plain = value["annotations"]
    assert (mark["label"], mark["quote"], mark["attributes"]) == ("mark", "One", {"count": 3})
    assert (mark["start"], mark["end"]) == (3, 6)
    assert (plain["label"], plain["quote"]) == ("plain", "two")
    # Two units for the emoji, one for the line end.
    assert (plain["start"], plain["end"]) == (7, 10)
    assert "external_id" not in mark
    (relation,) = value["relations"]
    assert relation["type"] == "Link"
    assert (relation["source"], relation["target"]) == (plain["id"], mark["id"])
    assert item.file == "a/b.txt/anna.xmi"


def referring(kind: str, value: Any, **others: Any) -> Item:
    """A layer ``mark`` whose feature ``texts`` refers to an array, beside one without it."""
    types = cassis.TypeSystem()
    mark = types.create_type("webanno.custom.mark", "uima.tcas.Annotation")
    types.create_feature(mark, "texts", kind, multipleReferencesAllowed=True)
    types.create_feature(mark, "count", "uima.cas.Integer")
    cas = cassis.Cas(types)
    cas.sofa_string, cas.sofa_mime = "One two", "text/plain"
    cas.add_all([mark(begin=0, end=3, texts=value(types), **others), mark(begin=4, end=7, count=1)])
    return foreign(cas.to_xmi())


@pytest.mark.parametrize("words", [["a", "b c"], ["a"], []])
def test_strings_that_several_may_refer_to_are_those_of_the_feature(words: list[str]) -> None:
    def strings(types: cassis.TypeSystem) -> Any:
        return types.get_type("uima.cas.StringArray")(elements=words)

    # The array is the fourth structure; that a number is 4 too does not make it one.
    item = referring("uima.cas.StringArray", strings, count=4)

    assert item.problem is None
    first, second = (it["attributes"] for it in item.value["annotations"])
    assert (first, second) == ({"texts": words, "count": 4}, {"count": 1})


@pytest.mark.parametrize("kind", ["IntegerArray", "FSArray", "StringArray"])
def test_a_number_that_is_the_id_of_an_array_too_is_a_number_where_the_scheme_says_so(
    kind: str,
) -> None:
    """Also where it is the only one of its layer, so that none beside it proves it."""
    mark = '<custom:mark xmi:id="2" sofa="1" begin="0" end="3" count="12"/>'
    item = foreign(f'{HEAD}{SOFA}{mark}<cas:{kind} xmi:id="12" elements="2"/></xmi:XMI>')

    assert item.problem is None
    (annotation,) = item.value["annotations"]
    assert annotation["attributes"] == {"count": 12}


def test_where_nobody_sees_the_title_the_file_has_one() -> None:
    metadata = '<type:DocumentMetaData xmi:id="2" sofa="1" documentTitle="&#x200B;"/>'
    view = '<cas:View sofa="1" members="2"/>'
    of_types = 'xmlns:type="http:///de/tudarmstadt/ukp/dkpro/core/api/metadata/type.ecore" '
    head = HEAD.replace("<xmi:XMI ", f"<xmi:XMI {of_types}")

    item = foreign(f"{head}{metadata}{SOFA}{view}</xmi:XMI>")

    assert item.value["title"] == "doc"


def test_an_array_of_words_is_not_taken_for_a_text() -> None:
    mark = '<custom:mark xmi:id="2" sofa="1" begin="0" end="3" text="12"/>'
    words = '<cas:StringArray xmi:id="12"><elements>Ann</elements><elements>Bob</elements>'
    item = foreign(f"{HEAD}{SOFA}{mark}{words}</cas:StringArray></xmi:XMI>")

    assert item.problem is None
    (annotation,) = item.value["annotations"]
    # Which the scheme refuses.
    assert annotation["attributes"] == {"text": ["Ann", "Bob"]}


@pytest.mark.parametrize("kind", ["IntegerArray", "FSArray", "StringList"])
def test_another_array_that_a_feature_refers_to_is_refused(kind: str) -> None:
    def array(types: cassis.TypeSystem) -> Any:
        if kind == "StringList":
            end = types.get_type("uima.cas.EmptyStringList")()
            return types.get_type("uima.cas.NonEmptyStringList")(head="a", tail=end)
        return types.get_type(f"uima.cas.{kind}")(elements=[])

    item = referring(f"uima.cas.{kind}", array)

    assert isinstance(item.problem, InvalidFile)
    assert f"{kind}, which Stet does not hold: make it a uima.cas.Str" in item.problem.detail


def indexed(*views: str) -> Item:
    spans = "".join(
        f'<custom:plain xmi:id="{id}" sofa="1" begin="{begin}" end="{end}"/>'
        for id, begin, end in ((2, 0, 3), (22, 4, 7))
    )
    return foreign(f"{HEAD}{spans}{SOFA}{''.join(views)}</xmi:XMI>")


@pytest.mark.parametrize(
    ("views", "quotes"),
    [
        (['<cas:View sofa="1" members="1 22 7"/>'], ["two"]),
        (['<cas:View members="2"/>', '<cas:View sofa="1" members="22"/>'], ["One", "two"]),
        (['<cas:View sofa="1" members="7"/>'], []),
        # Nothing is said of an index.
        (['<cas:View sofa="1" members=""/>'], ["One", "two"]),
        (['<cas:View sofa="1"/>'], ["One", "two"]),
        ([], ["One", "two"]),
    ],
)
def test_what_is_in_no_index_is_left_out(views: list[str], quotes: list[str]) -> None:
    item = indexed(*views)

    assert item.problem is None
    assert [it["quote"] for it in item.value["annotations"]] == quotes


_DKPRO = "de/tudarmstadt/ukp/dkpro/core/api"
_INDEXED = '<cas:View sofa="1" members="2"/>'


def of_layer(package: str, name: str, features: str, view: str = _INDEXED) -> Item:
    structure = f'<x:{name} xmlns:x="http:///{package}.ecore" xmi:id="2" sofa="1" {features}/>'
    return foreign(f"{HEAD}\n{structure}\n{SOFA}{view}</xmi:XMI>")


@pytest.mark.parametrize(
    ("package", "name", "features"),
    [
        (f"{_DKPRO}/coref/type", "CoreferenceLink", 'begin="0" end="3" referenceType="nam"'),
        (f"{_DKPRO}/coref/type", "CoreferenceChain", 'first="3"'),
        (f"{_DKPRO}/semantics/type", "SemPred", 'begin="0" end="3" category="x"'),
        ("de/tudarmstadt/ukp/other", "Thing", 'begin="0" end="3"'),
        ("webanno/custom", "OfTheDocument", 'value="true"'),
    ],
)
def test_a_layer_that_is_not_held_is_refused_where_it_is_indexed(
    package: str, name: str, features: str
) -> None:
    item = of_layer(package, name, features)
    deleted = of_layer(package, name, features, '<cas:View sofa="1" members="1"/>')

    assert isinstance(item.problem, InvalidFile)
    assert name in item.problem.detail
    assert item.line == 2
    assert deleted.problem is None


@pytest.mark.parametrize(
    ("package", "name"),
    [
        (f"{_DKPRO}/segmentation/type", "Lemma"),
        (f"{_DKPRO}/lexmorph/type/pos", "POS_NOUN"),
        (f"{_DKPRO}/syntax/type/dependency", "Dependency"),
        (f"{_DKPRO}/metadata/type", "TagDescription"),
        ("de/tudarmstadt/ukp/clarin/webanno/api/type", "CASMetadata"),
        ("uima/tcas", "DocumentAnnotation"),
    ],
)
def test_a_cut_of_the_text_is_passed_over(package: str, name: str) -> None:
    item = of_layer(package, name, 'begin="0" end="3" Governor="8" Dependent="9"')

    assert item.problem is None
    assert item.value["annotations"] == []


@pytest.mark.parametrize("score", [5, 5.0, 0, -0.0, 2**53 - 1, 1e300])
def test_a_number_comes_back_as_it_was_written(score: float) -> None:
    marked = replace(MARK, attributes={"score": score})

    (item,) = samples.read(
        UIMA, samples.written(UIMA, replace(DOCUMENT, annotations=[marked], relations=[]))
    )

    assert repr(item.value["annotations"][0]["attributes"]) == repr({"score": score})


def test_named_entities_of_dkpros_subtypes_are_read() -> None:
    item = of_layer(f"{_DKPRO}/ner/type", "Person", 'begin="0" end="3" value="mark"')

    (annotation,) = item.value["annotations"]
    assert (annotation["label"], annotation["quote"]) == ("mark", "One")


def test_attributes_with_the_names_of_a_relations_ends_come_back() -> None:
    named = {"Governor": "a", "Dependent": "b"}
    given = [{"name": name, "type": "string"} for name in named]
    head = replace(records.HEAD, scheme={"labels": [{"name": "plain", "attributes": given}]})
    document = replace(
        DOCUMENT, annotations=[samples.annotation(1, 0, 1, attributes=named)], relations=[]
    )
    assert UIMA.reader is not None
    writer = UIMA.writer(head)

    content = b"".join([writer.write(document), *writer.close()])
    (item,) = samples.fed(UIMA.reader(head), [content])

    assert [it["attributes"] for it in item.value["annotations"]] == [named]
    assert item.value["relations"] == []


def test_an_annotation_made_in_stets_layer_gets_an_id() -> None:
    span = '<custom:StetSpan xmi:id="2" sofa="1" begin="0" end="3" label="plain"/>'

    once, again = (foreign(f"{HEAD}{span}{SOFA}</xmi:XMI>") for _ in range(2))

    assert once == again
    (found,) = once.value["annotations"]
    assert (found["label"], found["quote"], len(found["id"])) == ("plain", "One", 36)


def test_fragments_that_no_longer_fit_their_span_are_not_believed() -> None:
    span = (
        '<custom:StetSpan xmi:id="2" sofa="1" begin="0" end="7" label="plain"'
        ' fragments="[[0,1],[2,6]]"/>'
    )

    (found,) = foreign(f"{HEAD}{span}{SOFA}</xmi:XMI>").value["annotations"]

    assert (found["start"], found["end"], "fragments" in found) == (0, 7, False)


def test_offsets_are_units_of_utf_16() -> None:
    (item,) = samples.read(UIMA, samples.written(UIMA, DOCUMENT))

    assert item.value["offset_unit"] == "utf16"
    assert item.value["annotations"][2]["end"] == Ruler(TEXT, OffsetUnit.UTF16).from_code_points(40)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://localhost/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://localhost/x.dtd"> %a;]>',
    ],
)
def test_a_file_that_declares_entities_is_refused(declaration: str) -> None:
    xmi = f'<?xml version="1.0"?>{declaration}{HEAD}{SOFA}</xmi:XMI>'

    assert "declares" in samples.refused(UIMA, packed({"a.xmi": xmi}))


@pytest.mark.parametrize(
    ("xmi", "why"),
    [
        ("", "no XML"),
        ("{}", "no XML"),
        (f"{HEAD}{SOFA}", "no XML"),
        ("<a/>", "no XMI"),
        (f"{HEAD}</xmi:XMI>", "0 texts"),
        (f"{HEAD}{SOFA}{SOFA}</xmi:XMI>", "2 texts"),
        (f'{HEAD}<cas:Sofa xmi:id="1"/></xmi:XMI>', "does not hold its text"),
        (f"{HEAD}{SOFA}{'<a>' * 50}", "deeper"),
        (f'{HEAD}{SOFA}<custom:X begin="a" end="1"/></xmi:XMI>', "no offset"),
        (f'{HEAD}{SOFA}<custom:X begin="1"/></xmi:XMI>', "no offset"),
        (f'{HEAD}{SOFA}<custom:L Governor="7" Dependent="8"/></xmi:XMI>', "no annotation"),
        (f'{HEAD}{SOFA}<custom:L Governor="7" Dependent="8" x="y"/></xmi:XMI>', "attributes of"),
        (f'{HEAD}{SOFA}<custom:StetSpan begin="0" end="1" exact="("/></xmi:XMI>', "exact"),
        (f"{HEAD}&a;</xmi:XMI>", "no XML"),
        ('<?xml version="1.0" encoding="utf-7"?><a/>', "X"),
    ],
)
def test_a_document_that_is_no_cas_is_refused_and_the_others_are_read(xmi: str, why: str) -> None:
    good = f"{HEAD}{SOFA}</xmi:XMI>"

    bad, other = samples.read(UIMA, packed({"a.xmi": xmi, "b.xmi": good}))

    assert bad.problem is not None
    assert why in bad.problem.detail
    assert (bad.file, other.file, other.value["text"]) == ("a.xmi", "b.xmi", "One two")


def test_a_document_in_bytes_that_fit_no_encoding_is_refused() -> None:
    xmi = f"{HEAD}{SOFA}</xmi:XMI>".replace("One", "Önë").encode("latin-1")

    (item,) = samples.read(UIMA, packed({"a.xmi": xmi}))

    assert isinstance(item.problem, InvalidFile)


def test_an_archive_of_something_else_is_refused() -> None:
    assert "no .xmi" in samples.refused(UIMA, packed({"a.zip": b""}))
    assert "cut off" in samples.refused(UIMA, samples.written(UIMA, DOCUMENT)[:-30])
    assert samples.read(UIMA, samples.written(UIMA)) == []


@given(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), min_size=1)
)
def test_every_text_comes_back(text: str) -> None:
    document = DocumentRecord(
        **{
            **{name: getattr(DOCUMENT, name) for name in DocumentRecord.__slots__},
            "text": text,
            "title": text,
            "annotations": [],
            "relations": [],
        }
    )

    (item,) = samples.read(UIMA, samples.written(UIMA, document))

    assert (item.value["text"], item.value["title"]) == (text, text)


def test_what_xml_cannot_hold_comes_back_in_every_string() -> None:
    odd = "\ufffe \uffff"
    mark = replace(
        MARK,
        label=f"mark{odd}",
        external_id=odd,
        note=odd,
        attributes={"text": odd, "texts": ["x", odd], "kind": odd, "kinds": [odd]},
    )
    joins = replace(DOCUMENT.relations[0], type=f"joins{odd}")
    document = replace(
        DOCUMENT,
        external_id=odd,
        title=odd,
        source_url="https://example.org/\ufffe\uffff",
        metadata={odd: [odd]},
        annotations=[mark, PLAIN],
        relations=[joins],
    )

    (item,) = samples.read(UIMA, samples.written(UIMA, document))

    assert records.given(item, UIMA.loses) == records.kept(document, UIMA.loses)


def test_a_label_that_is_no_text_does_not_take_the_place_of_the_words() -> None:
    span = '<custom:StetSpan begin="0" end="3" label="one" exact="{&quot;label&quot;:[]}"/>'

    item = foreign(f"{HEAD}{SOFA}{span}</xmi:XMI>")

    assert item.problem is None
    assert [it["label"] for it in item.value["annotations"]] == ["one"]


def test_memory_does_not_grow_with_the_documents() -> None:
    few, many = samples.peak_of_writing(UIMA, 100), samples.peak_of_writing(UIMA, 2000)

    assert many < few + 1_500_000


def test_of_a_member_that_is_bad_only_its_document_is_refused() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.xmi", "damaged")
        archive.writestr("b.xmi", f"{HEAD}{SOFA}</xmi:XMI>")

    bad, good = samples.read(UIMA, sink.getvalue().replace(b"damaged", b"DAMAGED"))

    assert bad.file == "a.xmi"
    assert bad.problem is not None
    assert "damaged" in bad.problem.detail
    assert good.problem is None


def test_so_much_is_kept_of_an_xmi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmi, "MAX_VALUES", 10)
    layer = "http:///de/tudarmstadt/ukp/dkpro/core/api/segmentation/type.ecore"
    token = f'<type:Token xmlns:type="{layer}" begin="0" end="3"/>\n'
    four = '<custom:Claim begin="0" end="3" value="a"/>\n'
    # The text and the claim have three features each, so that two are left. No token is kept.
    start = f"{HEAD}\n{SOFA}\n{token * 20}{four}"
    listing = '<custom:L begin="0"><value>a</value>{}</custom:L></xmi:XMI>'

    fits = xmi.Cas(f"{start}<custom:L/><custom:M/></xmi:XMI>".encode())
    items = [
        foreign(f"{start}\n{four}</xmi:XMI>"),
        foreign(f"{start}\n{'<custom:L/>' * 3}</xmi:XMI>"),
        foreign(f"{start}\n{listing.format('')}"),
    ]

    assert len(fits.structures) == 3
    for item in items:
        assert item.problem is not None
        assert "more than 10 structures" in item.problem.detail
        assert item.line == 25


def test_an_xmi_has_so_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmi, "MAX_NAMES", 50)
    named = "".join(f"<n{number}/>" for number in range(60))

    item = foreign(f"{HEAD}{SOFA}<cas:View>{named}</cas:View></xmi:XMI>")

    assert item.problem is not None
    assert "more than 50 names" in item.problem.detail
