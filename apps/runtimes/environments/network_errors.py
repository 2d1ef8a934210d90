"""Tells from what an installer said whether the network was at fault, and so whether trying again may help.

Exit codes do not tell; the words below are those of uv, pip, npm, Bundler, git and curl. An index that answers
`not found` or `forbidden` has answered: trying again would not change its mind.
"""

import re

_NETWORK = re.compile(
    "|".join(
        [
            # of the system, as every language words them
            r"connection (was )?(refused|reset|aborted|closed|timed out)",
            r"(network|host) is (unreachable|down)|no route to host",
            r"temporary failure in name resolution|name or service not known|nodename nor servname",
            r"could not resolve host|couldn't resolve host|failed to lookup address|dns error",
            r"\b(ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|EPIPE)\b",
            # answers that ask for another try
            r"too many requests|internal server error|bad gateway|service unavailable|gateway time-?out",
            r"\b(E429|E50[0234])\b|returned error: (429|50[0234])|http (status )?(429|50[0234])\b",
            # uv
            r"error sending request|operation timed out|request timed out|error decoding response body",
            # pip
            r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProtocolError|IncompleteRead|Read timed out",
            # npm
            r"ERR_SOCKET_TIMEOUT|FETCH_ERROR|network (timeout|socket hang up)|socket hang up",
            # Bundler and RubyGems
            r"could not reach host|network error while fetching|Net::(Open|Read)Timeout|SocketError|Net::HTTP\w+Error",
        ]
    ),
    re.IGNORECASE,
)


def is_network_error(said: str) -> bool:
    """Whether these lines of an installer that failed speak of the network."""
    return _NETWORK.search(said) is not None
