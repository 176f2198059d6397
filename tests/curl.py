"""As much of curl as README.md uses, for machines without it: -s, -i, -o, -X, -H, --json and
--data-binary."""

import http.client
import sys
from pathlib import Path
from urllib.parse import urlsplit


def main(arguments: list[str]) -> None:
    """Send one request and write the answer as curl does."""
    method, shows_head, url, body = None, False, "", None
    headers: dict[str, str] = {}
    output: Path | None = None
    waiting = iter(arguments)
    for argument in waiting:
        match argument:
            case "-s":
                pass
            case "-i":
                shows_head = True
            case "-X":
                method = next(waiting)
            case "-H":
                name, _, value = next(waiting).partition(":")
                headers[name] = value.strip()
            case "--json":
                body = next(waiting).encode()
                headers |= {"Content-Type": "application/json", "Accept": "application/json"}
            case "--data-binary":
                name = next(waiting)
                body = sys.stdin.buffer.read() if name == "@-" else Path(name[1:]).read_bytes()
            case "-o":
                output = Path(next(waiting))
            case _ if argument.startswith("-"):
                raise SystemExit(f"This stand-in for curl does not know {argument}.")
            case _:
                url = argument
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection.request(method or ("POST" if body else "GET"), target, body, headers)
    answer = connection.getresponse()
    if shows_head:
        lines = [f"{name}: {value}" for name, value in answer.getheaders()]
        head = [f"HTTP/1.1 {answer.status} {answer.reason}", *lines, "", ""]
        sys.stdout.write("\r\n".join(head))
        sys.stdout.flush()
    if output is None:
        sys.stdout.buffer.write(answer.read())
    else:
        output.write_bytes(answer.read())
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1:])
