"""What installers say when the network is at fault, word for word, and what they say when it is not."""

import pytest

from apps.runtimes.environments.network_errors import is_network_error

NETWORK = {
    "uv, refused": "error: Request failed after 3 retries\n  Caused by: error sending request for url (http://x/)\n"
    "  Caused by: tcp connect error: Connection refused (os error 111)",
    "uv, no such host": "  Caused by: dns error: failed to lookup address information: Name or service not known",
    "uv, 503": "  Caused by: HTTP status server error (503 Service Unavailable) for url (http://x/simple/toy/)",
    "pip, refused": "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('<x>: Failed to "
    "establish a new connection: [Errno 111] Connection refused')': /simple/toy/",
    "pip, slow": "urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='x', port=443): Read timed out.",
    "npm, refused": "npm error code ECONNREFUSED\nnpm error syscall connect",
    "npm, no such host": "npm error code EAI_AGAIN",
    "npm, reset": "npm error code ECONNRESET\nnpm error network aborted",
    "npm, slow": "npm error code ERR_SOCKET_TIMEOUT",
    "npm, 503": "npm error code E503\nnpm error 503 Service Unavailable - GET http://x/toy",
    "bundler": "Could not fetch specs from http://x/ due to underlying error <bad\nresponse Service Unavailable 503 (http://x)>",
    "bundler, no such host": "Could not reach host x. Check your network connection and try again.",
    "bundler, slow": "Net::OpenTimeout: Failed to open TCP connection to x:443 (execution expired)",
    "git": "fatal: unable to access 'https://x/': Could not resolve host: x",
    "go": "dial tcp: lookup proxy.golang.org: Temporary failure in name resolution",
}
OTHERS = {
    "uv, no such version": "No solution found when resolving dependencies:\n  Because there is no version of toy==9.0 "
    "and you require toy==9.0, we can conclude that your requirements are unsatisfiable.",
    "uv, conflict": "No solution found when resolving dependencies:\n  Because tool==1.0 depends on toy==1.0 and you "
    "require toy==2.0 and tool==1.0, we can conclude that your requirements are unsatisfiable.",
    "uv, forbidden": "  Caused by: HTTP status client error (403 Forbidden) for url (http://x/simple/toy/)",
    "pip": "ERROR: No matching distribution found for toy==9.0",
    "npm": "npm error code ETARGET\nnpm error notarget No matching version found for toy@9.9.9.",
    "npm, no such package": "npm error code E404\nnpm error 404 Not Found - GET http://x/nothing",
    "npm, conflict": "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree",
    "bundler": "Could not find gem 'toy (= 9.0)' in rubygems repository http://x/ or installed locally.",
    "a full disk": "error: failed to write to file `/envs/x`: No space left on device (os error 28)",
    "a compiler": "error: command 'gcc' failed: No such file or directory",
    "nothing": "",
}


@pytest.mark.parametrize("said", NETWORK.values(), ids=NETWORK)
def test_a_network_at_fault_is_recognised(said: str) -> None:
    assert is_network_error(said)


@pytest.mark.parametrize("said", OTHERS.values(), ids=OTHERS)
def test_what_trying_again_would_not_mend_is_not_taken_for_it(said: str) -> None:
    assert not is_network_error(said)
