"""Which addresses may be dialled: the public ones, and the exceptions someone wrote down.

The ranges are those of the IANA special-purpose registries (RFC 6890 and its successors),
stated here because `ipaddress.is_global` differs between Python releases (CVE-2024-4032).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from monitor.core.models import PollOutcome
from monitor.edges.net.errors import Blocked, Refused
from monitor.edges.net.proxy import Proxy

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORBIDDEN: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Of IPv6 only 2000::/3 is given out: these three are all the rest of it.
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)


def _by_start(version: int) -> tuple[list[int], list[Network]]:
    networks = [one for one in _FORBIDDEN if one.version == version]
    networks.sort(key=lambda one: int(one.network_address))
    return [int(one.network_address) for one in networks], networks


_BY_START = {4: _by_start(4), 6: _by_start(6)}
_HOLDS_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_WIDEST = {4: 8, 6: 7}
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
# What a last label must not be: an address in an old spelling would be read from it (WHATWG URL,
# "ends in a number").
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_USUAL_PORTS = (80, 443)
_HOST_CHARS = 253


@dataclass(frozen=True, slots=True)
class AllowList:
    """The exceptions to the guard: networks (port None: any) and host names with a port.

    `proxy`: whoever dials in our place what is spoken to by HTTP, where anybody does.
    """

    networks: tuple[tuple[Network, int | None], ...] = ()
    hosts: frozenset[tuple[str, int]] = frozenset()
    proxy: Proxy | None = None

    @property
    def to_dial(self) -> AllowList:
        """The exceptions for connections that HTTP is spoken over: with a proxy, that alone."""
        if self.proxy is None:
            return self
        return AllowList(hosts=frozenset({(canonical(self.proxy.host), self.proxy.port)}))

    def permits(self, host: str, address: Address, port: int) -> bool:
        """Whether an entry covers this address, or this host by name, at this port."""
        return (canonical(host), port) in self.hosts or any(
            address in network and only in (None, port) for network, only in self.networks
        )

    def states(self, host: str, port: int) -> bool:
        """Whether an entry covers `host` at `port` as it is written, without a look-up."""
        address = literal(host)
        if address is None:
            return (canonical(host), port) in self.hosts
        return self.permits(host, plain(address), port)


def parse_allow(lines: Sequence[str]) -> AllowList:
    """The exceptions written as address, CIDR or host name, with `:port`.

    Without a port an address or CIDR means any port. An IPv6 address with a port stands
    in brackets. Raises ValueError with one sentence that names the bad entry.
    """
    networks, hosts = [], set()
    for line in lines:
        place, port = _split(line.strip())
        network = _network(place)
        if network is not None:
            networks.append((network, port))
        else:
            hosts.add(_host(place, port))
    return AllowList(tuple(networks), frozenset(hosts))


def admit(host: str, port: int, allow: AllowList) -> None:
    """Raises Blocked or Refused for a host that must not be asked, as far as it is seen without a
    look-up: an address that is not public, one in an unusual spelling, and what is no name.

    Where we dial ourselves, `check` follows with what the name leads to. A proxy looks names up
    itself; but that this one leads to its own machine is known beforehand (RFC 6761, 6.3).
    """
    name = canonical(host)
    numeric = _NUMBER.fullmatch(name.rpartition(".")[2])
    if not numeric and _NAME.fullmatch(name):
        if allow.proxy and f".{name}".endswith(".localhost"):
            check(host, port, ["127.0.0.1"], allow)
    elif literal(host) is not None:
        check(host, port, [host], allow)
    elif numeric:
        raise Blocked(f"{host[:_HOST_CHARS]} is an address in an unusual spelling")
    else:
        raise Refused(PollOutcome.BAD_SCHEME, "the host of the address is no host name")


def admit_port(host: str, port: int, allow: AllowList, known: int = 443) -> None:
    """Raises Blocked for a port that nobody stated: what strangers name may lead to 80, to 443,
    to the `known` one, and to what the list has with its port.
    """
    if port not in (*_USUAL_PORTS, known) and not allow.states(host, port):
        where = f"port {port} of {host[:_HOST_CHARS]}"
        raise Blocked(f"{where} was stated by nobody; network.allow can make an exception")


def check(host: str, port: int, addresses: Sequence[str], allow: AllowList) -> None:
    """Raises Blocked if any of the addresses that `host` has must not be dialled."""
    for text in addresses:
        address = plain(ip_address(text))
        network = forbidden(address)
        if network is not None and not allow.permits(host, address, port):
            what = text if text == host else f"{host[:_HOST_CHARS]} resolves to {text}, which"
            raise Blocked(
                f"{what} is not a public address ({network}); network.allow can make an exception"
            )


def forbidden(address: Address) -> Network | None:
    """The range that makes an address not public, or None if it is public."""
    first, networks = _BY_START[address.version]
    # The ranges do not overlap, so only the last that begins before the address can hold it.
    at = bisect_right(first, int(address)) - 1
    return networks[at] if at >= 0 and address in networks[at] else None


def plain(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped or NAT64 one (RFC 4291, RFC 6052), else itself."""
    if any(address in network for network in _HOLDS_IPV4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal(host: str) -> Address | None:
    """The address that `host` spells in its usual form, None if it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def canonical(host: str) -> str:
    """A host name in the one form in which names are compared."""
    return host.lower().rstrip(".")


def _split(entry: str) -> tuple[str, int | None]:
    if _network(entry) is not None:
        return entry, None
    place, _, port = entry.rpartition(":")
    if not place:
        raise ValueError(f"{entry!r} needs a port, as in {(entry or 'host') + ':443'!r}")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise ValueError(f"{entry!r} has no valid port (1 to 65535)")
    return place, int(port)


def _network(place: str) -> Network | None:
    bare = place[1:-1] if place.startswith("[") and place.endswith("]") else place
    try:
        network = ip_network(bare, strict=False)
    except ValueError:
        return None
    if network.prefixlen < _WIDEST[network.version]:
        widest = _WIDEST[network.version]
        raise ValueError(f"{place!r} would all but turn the guard off (at most /{widest})")
    if "/" in bare and network.network_address != ip_address(bare.partition("/")[0]):
        raise ValueError(f"{place!r} has bits set beyond its prefix; did you mean '{network}'?")
    return network


def _host(place: str, port: int | None) -> tuple[str, int]:
    try:
        name = canonical(place.encode("idna").decode("ascii"))
    except UnicodeError:
        name = ""
    # A name that ends in a number is a misspelt address (010.0.0.1) and never meant.
    if port is None or not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise ValueError(f"{place!r} is neither an address nor a host name")
    return name, port
