"""`POST` of JSON to a service: tries and pauses, proxies, refusals in plain words, and a key that is never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from retrievers.base import RetrieverError
from retrievers.masking import SHORTEST, masked

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

# What may work when it is asked again.
BUSY = (408, 409, 425, 429, 500, 502, 503, 504)
# Seconds: between tries 1, 2, 4 … up to this, or as long as Retry-After says, up to this too.
LONGEST_PAUSE = 120
# Of a service's own words, so many characters are shown.
SHOWN = 300


class ServiceClient:
    """Asks one service.

    key: sent as a bearer token, if any. timeout: seconds for an answer. attempts: tries of a request in all.
    connections: requests that may run side by side. hints: what to do, by the status of a refusal; 400 stands for all
    that are not listed, and 503 for all of BUSY.
    """

    def __init__(
        self, url: str, key: str, *, timeout: float, attempts: int, connections: int, hints: Mapping[int, str]
    ) -> None:
        self._url, self._key, self._hints = url, key.strip(), hints
        if not (self._key.isascii() and self._key.isprintable()):
            raise RetrieverError(f"The key for {url} has characters that no key has.", "Give it anew, on one line.")
        self._timeout, self._attempts, self._connections = timeout, attempts, connections

    @cached_property
    def _pool(self) -> PoolManager:
        try:
            import urllib3
        except ModuleNotFoundError:
            raise RetrieverError(
                "A service is asked by urllib3, which is not installed.", "Run: pip install -e '.[api]'"
            ) from None
        retries = urllib3.Retry(
            self._attempts - 1,
            redirect=0,
            allowed_methods=None,  # the same question may be asked again
            status_forcelist=BUSY,
            backoff_factor=0.5,  # 1 s after the first failure, then twice as long each time
            backoff_max=LONGEST_PAUSE,
            backoff_jitter=0.5,
            retry_after_max=LONGEST_PAUSE,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        settings: dict[str, Any] = {"maxsize": self._connections, "retries": retries, "timeout": self._timeout}
        place = urlsplit(self._url)
        proxy = None if proxy_bypass(place.hostname or "") else getproxies().get(place.scheme)
        return urllib3.ProxyManager(proxy, **settings) if proxy else urllib3.PoolManager(**settings)

    def post(self, content: Mapping[str, Any]) -> bytes:
        """What the service answers. Raises RetrieverError where it does not after all tries, and where it refuses."""
        pool = self._pool
        import urllib3

        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            response = pool.request("POST", self._url, body=json.dumps(content).encode(), headers=headers)
        except urllib3.exceptions.MaxRetryError as error:
            reason = error.reason if error.reason is not None else error
            raise self.error(
                f"does not answer, after {self._tries}: {reason}", "Check url, and that the service runs."
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise self.error(f"cannot be asked: {error}", "Check url.") from None
        if response.status == 200:
            return response.data
        raise self._refusal(response)

    def error(self, reason: str, hint: str) -> RetrieverError:
        """Of this service, without the key, which some services repeat."""
        return RetrieverError(f"{self.without_key(f'{self._url} {reason}')}.", hint)

    def without_key(self, text: str) -> str:
        """A text of the service's with the key masked; a shorter one is a placeholder, of a service that needs none."""
        return masked(text, {self._key}) if len(self._key) >= SHORTEST else text

    def shown(self, data: bytes) -> str:
        """The beginning of an answer, as an error shows it."""
        return self.without_key(data.decode("utf-8", "replace").strip())[:SHOWN]  # a key that is cut is not recognised

    @property
    def _tries(self) -> str:
        return "one try" if self._attempts == 1 else f"{self._attempts} tries"

    def _refusal(self, response: BaseHTTPResponse) -> RetrieverError:
        words = self.shown(response.data) or response.reason or "no reason given"
        if response.status in BUSY:
            reason = f"is busy or out of order, after {self._tries}: {response.status} {words}"
            return self.error(reason, self._hints[503])
        if 300 <= response.status < 400:
            place = response.headers.get("Location", "nowhere")
            return self.error(f"refuses: {response.status} it points to {place}", "Give the address that it points to.")
        hint = self._hints.get(response.status, self._hints[400])
        return self.error(f"refuses: {response.status} {words}", hint)
