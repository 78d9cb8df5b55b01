"""Whether a server answers yet."""

import http.client

from config.services.commands import HOST

ANSWER_TIMEOUT_SECONDS = 2.0


def http_at(*, port: int, path: str = "/") -> bool:
    """Return whether a web server answers there, whatever it says."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_TIMEOUT_SECONDS)
    try:
        connection.request("HEAD", path)
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()
