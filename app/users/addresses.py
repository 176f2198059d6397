"""Whose an address is, where what is done from it is counted. Pure."""

from ipaddress import IPv6Address, IPv6Network, ip_address

_OF_ONE = 64


def source_of(address: str) -> str:
    """The address, or of IPv6 the network that whoever has it has all of (RFC 6177)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), _OF_ONE), strict=False))
