"""How an ETag is made (RFC 9110, section 8.8.3); ``core.http.conditions`` reads a caller's."""


def etag(version: int, beside: str = "") -> str:
    """The tag of a resource: its version, and ``beside`` it what its answer holds of others."""
    return f'"{version}-{beside}"' if beside else f'"{version}"'
