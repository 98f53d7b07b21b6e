"""A stand-in for a receiver of Standard Webhooks: it verifies as the real ones do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.feed_server import Reply, Request, reply

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy0xMjM0NTY3ODkw"
NEXT_SECRET = "whsec_" + "YW5vdGhlci1zZWNyZXQtZm9yLXRoZS10ZXN0cy0x"
LARGEST = 20_000


@dataclass
class HookDouble:
    """Takes posts signed with `secret`; `messages` holds those accepted, by webhook-id."""

    secret: str = SECRET
    messages: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        try:
            Webhook(self.secret).verify(request.body, request.headers)
        except WebhookVerificationError as error:
            self.faults.append(str(error))
            return reply(b"bad signature", 401)
        if len(request.body) >= LARGEST:
            self.faults.append(f"{len(request.body)} bytes")
            return reply(b"too large", 413)
        self.messages[request.headers["webhook-id"]] = json.loads(request.body)
        return reply(status=204)
