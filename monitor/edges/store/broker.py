"""What Celery is told of its broker: the store, spoken to as the store itself is."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import quote

from monitor.core.storeurl import StoreUrl, parse_store_url
from monitor.edges.store.connection import PATIENCE, to_sentinels
from monitor.edges.store.keys import BROKER_PREFIX


def broker(url: str) -> dict[str, Any]:
    """Celery's settings for a store's URL; raises ValueError when it is none."""
    one = parse_store_url(url)
    tls = None if one.tls is None else {"ssl_cert_reqs": ssl.CERT_REQUIRED, **one.tls}
    return {
        "broker_url": _address(one),
        "broker_use_ssl": tls,
        "broker_transport_options": {
            **PATIENCE,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "global_keyprefix": BROKER_PREFIX,
            **(
                {"master_name": one.master, "sentinel_kwargs": to_sentinels(one)}
                if one.master
                else {}
            ),
        },
    }


def _address(one: StoreUrl) -> str:
    """In kombu's form: what could be taken for a part of it is quoted, for `;` parts addresses."""
    user, password = quote(one.user, safe=""), quote(one.password, safe="")
    login = f"{user}:{password}@" if user or password else ""
    if one.path:
        return f"redis+socket://{login}{quote(one.path)}?virtual_host={one.db}"
    scheme = "sentinel" if one.master else one.scheme
    hosts = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in one.hosts)
    return ";".join(f"{scheme}://{login}{host}/{one.db}" for host in hosts)
