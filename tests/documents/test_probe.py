import base64, json
from tests import make
from tests.conftest import Newsroom

async def test_probe(newsroom: Newsroom) -> None:
    a = newsroom["annotator"]
    d = await make.document(a)
    an = await make.annotation(a, d["id"])
    def cur(*k): return base64.urlsafe_b64encode(json.dumps(list(k)).encode()).decode().rstrip("=")
    D=f"/v1/documents/{d['id']}"
    out=[]
    for path in [
      "/v1/projects/demo/documents?q=%00", "/v1/projects/demo/documents?external_id=%00", "/v1/projects/demo/annotations?label=%00",
      "/v1/projects/demo/annotations?author=%00", "/v1/projects/demo/annotations?attribute.a%22b=1", "/v1/projects/demo/annotations?attribute.a%00=1",
      "/v1/projects/demo/annotations?attribute.speaker=%00","/v1/projects/%00/annotations", "/v1/projects/demo/members/%00",
      "/v1/projects/demo/annotations?updated_after=0001-01-01T00:00:00%2B14:00","/v1/projects/demo/annotations?updated_after=9999-12-31T23:59:59-14:00",
      "/v1/projects/demo/annotations?updated_after=1700000000","/v1/projects/demo/annotations?updated_after=0999-01-01T00:00:00Z",
      f"{D}/annotations?cursor={cur(2**40,1,1)}", f"/v1/annotations/{an['id']}/decisions?cursor={cur(2**40)}",
      f"{D}/annotations?start=1.0&end=5", f"{D}/annotations?start=5&end=1", f"{D}/annotations?start=1_0&end=50", f"{D}/annotations?start=5&end=5",
      f"{D}/text?revision=7", f"/v1/documents/%00", "/v1/projects/demo/annotations?attribute.=1", "/v1/projects/demo/annotations?attribute.nosuch=1",
      ]:
        r = await newsroom["reader"].get(path)
        out.append((path[-60:], r.status_code, r.text[:150]))
    for body in [dict(source_url="http://a/\0"), dict(source_url=" http://a/b "), dict(published_on=86400), dict(published_on="86400"), dict(published_on="2026-01-01T00:00:00"), dict(published_on="2026-W01-1"),dict(metadata={"a":10**300}), dict(metadata={"a":1e300}), dict(metadata={"я":"\r"}), dict(text=""), dict(text="\ufeff"), dict(id="{0198c0de-0000-7000-8000-0000000003e9}"), dict(id=None), dict(text="a\u2028b\ufffe\u0000"), dict(title="a\rb")]:
        r = await a.post("/v1/projects/demo/documents", json={"title":"t","text":"x",**body})
        out.append((str(body)[:40], r.status_code, r.text[:200]))
    for body in [dict(confidence="0.5",origin="model"), dict(confidence=True,origin="model"), dict(confidence=1,origin="model"), dict(label="\0"), dict(attributes={"speaker":"\r"}), dict(attributes={"nope\0":"\r"})]:
        r = await a.post(D+"/annotations", json={"label":"claim","quote":"Beijing",**body})
        out.append((str(body)[:40], r.status_code, r.text[:200]))
    print()
    for o in out: print(*o)
    assert 0
