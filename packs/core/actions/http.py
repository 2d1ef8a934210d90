"""One HTTP request with the standard library: no dependency to install before the first one can be sent."""

import json
import ssl
import urllib.error
import urllib.request

#: More of an answer than this is not read.
MAX_BYTES = 1024 * 1024


def run(url, method, headers, timeout_s, verify_tls, allow_errors, body=None, token=None):
    headers = dict(headers)
    data = None
    if body is not None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        if not isinstance(body, str):
            headers.setdefault("Content-Type", "application/json")
    if token:
        headers["Authorization"] = "Bearer " + token
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    context = ssl.create_default_context() if verify_tls else ssl._create_unverified_context()
    try:
        answer = urllib.request.urlopen(request, timeout=timeout_s, context=context)
    except urllib.error.HTTPError as error:
        if not allow_errors:
            text = error.read(2000).decode("utf-8", "replace")
            raise RuntimeError("%s %s answered %s: %s" % (method, url, error.code, text)) from None
        answer = error
    with answer:
        return {"status": answer.status, "headers": dict(answer.headers), "body": read(answer)}


def read(answer):
    data = answer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise RuntimeError("the answer is larger than %d bytes" % MAX_BYTES)
    text = data.decode(answer.headers.get_content_charset() or "utf-8", "replace")
    if "json" in (answer.headers.get_content_type() or "") and text:
        return json.loads(text)
    return text
