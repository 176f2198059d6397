"""The page: HTML, styles and modules, as they stand in ``static``."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import zstandard
from fastapi import APIRouter, HTTPException, Request, Response

router = APIRouter(include_in_schema=False)

_STATIC = Path(__file__).parent / "static"

# Everything is served from here, and nothing else is let in: no inline script or style, no other
# site, and no string that becomes markup (https://www.w3.org/TR/trusted-types/).
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "connect-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    # Asked for again each time, and answered 304: a new release is a new page at once.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
_KINDS = {".js": "text/javascript", ".md": "text/markdown", "": "text/plain"}


@dataclass(frozen=True, slots=True)
class _File:
    """A file, compressed each way once."""

    content: dict[str, bytes]
    """By content encoding; the empty one is the file as it is."""
    media_type: str
    etag: str


@cache
def _files() -> dict[str, _File]:
    """Every file of the page by its path; nothing else is looked up, so no path leads out."""
    found = {}
    for path in sorted(_STATIC.rglob("*")):
        if path.is_dir() or path.name.endswith(".d.ts"):
            continue
        content = path.read_bytes()
        kind = _KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
        found[path.relative_to(_STATIC).as_posix()] = _File(
            {
                "zstd": zstandard.compress(content, level=19),
                "gzip": gzip.compress(content, mtime=0),
                "": content,
            },
            f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
            hashlib.sha256(content).hexdigest()[:20],
        )
    return found


@router.get("/")
async def page(request: Request) -> Response:
    """The page, which calls the API as anyone could."""
    return _answer(request, _files()["index.html"])


@router.get("/static/{path:path}")
async def static(path: str, request: Request) -> Response:
    """What the page loads."""
    file = _files().get(path)
    if file is None:
        raise HTTPException(404)
    return _answer(request, file)


def _answer(request: Request, file: _File) -> Response:
    taken = [part.strip() for part in request.headers.get("accept-encoding", "").split(",")]
    # A browser takes each as well as another; who says more of one than its name gets none.
    encoding = next((name for name in ("zstd", "gzip") if name in taken), "")
    etag = f'"{file.etag}{encoding and "-" + encoding}"'
    headers = _HEADERS | {"ETag": etag}
    if _is_known(request, etag):
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(file.content[encoding], media_type=file.media_type, headers=headers)


def _is_known(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag, as the API reads it: in a list, weak, or by ``*``."""
    known = ", ".join(request.headers.getlist("if-none-match"))
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    return known.strip() == "*" or tag in tags
