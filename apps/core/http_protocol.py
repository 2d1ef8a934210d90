"""HTTP as the web role speaks it: uvicorn's, with a bound on heads that never end and errors as problem documents.

`uvicorn --http apps.core.http_protocol:BoundedProtocol attune.asgi:application`. Loaded before Django's settings are.
"""

import json
import uuid

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

#: Bytes of a request's target and headers together that are read; what may be used of them is less
#: (`apps.core.body_limit`), and refused with an answer that says so.
MAX_HEAD_BYTES = 256 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 once a head grows past `MAX_HEAD_BYTES`, and 400 to what is no HTTP, both as problem documents."""

    _is_in_head = True
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, "headers_too_large", f"The request's head is larger than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head, self._head_bytes = True, 0

    def _should_upgrade_to_ws(self) -> bool:
        """Attune speaks no WebSocket: who asks for one gets the answer to a plain request."""
        return False

    def _unsupported_upgrade_warning(self) -> None:
        """Anybody could fill the log with it."""

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "bad_http", "What was sent is not a request in HTTP/1.1.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        # In the midst of an answer another one would be taken for a part of it.
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            self.transport.write(_refusal(status, code, detail))
        self.transport.close()


def _refusal(status: int, code: str, detail: str) -> bytes:
    request_id = uuid.uuid4().hex
    document = {
        "type": "about:blank",
        "title": STATUS_LINE[status].split(b" ", 2)[2].strip().decode(),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id,
    }
    body = json.dumps(document).encode()
    head = (
        "content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\n"
        f"x-request-id: {request_id}\r\n"
        "x-content-type-options: nosniff\r\n"
        "connection: close\r\n\r\n"
    )
    return STATUS_LINE[status] + head.encode() + body
