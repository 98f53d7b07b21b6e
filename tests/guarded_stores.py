"""Servers as they stand in production: TLS with certificates on both sides, users with few
rights, and a master with a replica that sentinels watch over.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.certificate import self_signed
from tests.servers import PASSWORD, debian_redis, least_rights, running
from tests.service.endpoints import free_port

# The sentinels' own password.
OTHER = "sentinel-password-of-a-test"
NAME = "monitor-master"


@contextmanager
def over_tls(folder: Path) -> Iterator[tuple[str, redis.Redis]]:
    """A server that speaks TLS only and asks for a certificate; its URL for us, and a client that
    may do all.
    """
    port, both = free_port(), self_signed(folder, "IP:127.0.0.1")
    files = {"ssl_ca_certs": both, "ssl_certfile": both, "ssl_keyfile": both}
    options = "&".join(f"{name}={path}" for name, path in files.items())
    words = ["--tls-port", str(port), "--bind", "127.0.0.1", "--tls-auth-clients", "yes"]
    for name in ("cert-file", "key-file", "ca-cert-file"):
        words += [f"--tls-{name}", str(both)]
    address = f"127.0.0.1:{port}/0?{options}"
    words += ["--aclfile", str(least_rights(folder))]
    with debian_redis(folder, *words, url=f"rediss://{address}") as url:
        yield (
            f"rediss://monitor:{PASSWORD}@{address}",
            redis.Redis.from_url(url, decode_responses=True),
        )


@dataclass
class Watched:
    """A master and its replica by port, and the sentinel that watches them."""

    ports: tuple[int, int]
    sentinel: int

    @property
    def url(self) -> str:
        """For us."""
        address = f"127.0.0.1:{self.sentinel},127.0.0.1:9"
        return (
            f"sentinel://monitor:{PASSWORD}@{address}/0?master={NAME}"
            f"&sentinel_username=monitor&sentinel_password={OTHER}"
        )

    def server(self, port: int) -> redis.Redis:
        """One of the two, as somebody who may do all."""
        return redis.Redis(port=port, decode_responses=True)

    def master(self) -> int:
        """The port of whom the sentinel calls the master."""
        sentinel = redis.Redis(port=self.sentinel, password=OTHER, decode_responses=True)
        words = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return int(sentinel.execute_command(*words)[1])  # type: ignore[no-untyped-call]

    def kill(self, port: int) -> None:
        """SIGKILL to a server."""
        pid = int(self.server(port).info("server")["process_id"])
        subprocess.run(["kill", "-KILL", str(pid)], check=True)


_SENTINEL = """\
port {sentinel}
bind 127.0.0.1
dir {folder}
sentinel monitor {name} 127.0.0.1 {master} 1
sentinel down-after-milliseconds {name} 1000
sentinel failover-timeout {name} 5000
requirepass {password}
user monitor on >{password} resetkeys resetchannels -@all +auth +hello +ping +sentinel|masters
"""


@contextmanager
def watched(folder: Path, *more: str) -> Iterator[Watched]:
    """A master and a replica under a sentinel's watch. `more`: options of both servers."""
    ports, sentinel = (free_port(), free_port()), free_port()
    users, config = least_rights(folder), folder / "sentinel.conf"
    with ExitStack() as stack:
        for number, port in enumerate(ports):
            home = folder / str(port)
            home.mkdir()
            words = ["--port", str(port), "--bind", "127.0.0.1", "--aclfile", str(users), *more]
            words += ["--replicaof", "127.0.0.1", str(ports[0])] if number else []
            stack.enter_context(debian_redis(home, *words, url=f"redis://127.0.0.1:{port}"))
        config.write_text(
            _SENTINEL.format(
                sentinel=sentinel, folder=folder, name=NAME, master=ports[0], password=OTHER
            )
        )
        command = ["redis-server", str(config), "--sentinel"]
        stack.enter_context(running(command, f"redis://:{OTHER}@127.0.0.1:{sentinel}"))
        yield Watched(ports, sentinel)
