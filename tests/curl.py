"""As much of curl as README.md uses, for machines without it."""

import argparse
import http.client
import sys
from pathlib import Path
from urllib.parse import urlsplit


def main(arguments: list[str]) -> None:
    """Send one request and write the answer as curl does."""
    parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False)
    parser.add_argument("url")
    for flag in ("-s", "-i"):
        parser.add_argument(flag, action="store_true")
    for option in ("-X", "-o", "--json", "--data-binary"):
        parser.add_argument(option)
    parser.add_argument("-H", action="append", default=[])
    given = parser.parse_args(arguments)
    given_lines = (read(line).decode().partition(":") for line in given.H)
    headers = {name: value.strip() for name, _, value in given_lines}
    body: bytes | None = None
    if given.json is not None:
        body = read(given.json)
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
    elif given.data_binary is not None:
        body = read(given.data_binary)
    parts = urlsplit(given.url)
    connection = http.client.HTTPConnection(parts.netloc)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection.request(given.X or ("POST" if body else "GET"), target, body, headers)
    answer = connection.getresponse()
    if given.i:
        lines = [f"{name}: {value}" for name, value in answer.getheaders()]
        head = [f"HTTP/1.1 {answer.status} {answer.reason}", *lines, "", ""]
        sys.stdout.write("\r\n".join(head))
        sys.stdout.flush()
    if given.o is None:
        sys.stdout.buffer.write(answer.read())
    else:
        Path(given.o).write_bytes(answer.read())
    connection.close()


def read(given: str) -> bytes:
    """What an argument says, or the file that it names behind an @, or standard input."""
    if given == "@-":
        return sys.stdin.buffer.read()
    return Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()


if __name__ == "__main__":
    main(sys.argv[1:])
