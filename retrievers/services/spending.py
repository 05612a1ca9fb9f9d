"""What a service has cost, and the bound that it may not pass."""

from __future__ import annotations

import threading

from retrievers.base import TOKENS, USD, RetrieverError, record

# Characters of a token, before the service has counted any. English has about four: so it guesses too many tokens.
CHARACTERS = 2.0


class Spending:
    """Counts tokens and money over requests that run side by side.

    usd_per_million: price of a million tokens, None where nobody gave it. max_usd: the bound. A request is let through
    only where it fits beside all that were and all that are under way, each guessed by its characters until it is
    counted. most_per_character: tokens that a character is guessed to be; None learns it from what was counted.
    """

    def __init__(
        self, usd_per_million: float | None, max_usd: float | None, *, most_per_character: float | None = None
    ) -> None:
        self._most_per_character = most_per_character
        self._price, self._bound = (None if usd_per_million is None else usd_per_million / 1e6), max_usd
        self._lock = threading.Lock()
        self._tokens = self._characters = self._underway = 0

    @property
    def usd(self) -> float:
        """What was spent, 0 without a price."""
        return self._tokens * (self._price or 0.0)

    def reserve(self, characters: int) -> None:
        """Let a request of so many characters through. Raises RetrieverError where it may pass the bound."""
        with self._lock:
            if self._bound is not None and self._price is not None:
                wanted = self.usd + (self._underway + characters) * self._tokens_per_character * self._price
                if wanted > self._bound:
                    raise RetrieverError(
                        f"max_usd={self._bound:g} is reached: {self.usd:.4f} USD are spent on {self._tokens:,} tokens, "
                        f"and with what is asked next it would be {wanted:.4f}.",
                        "What was paid for is in the embedding cache: give a larger max_usd and --resume, or a smaller "
                        "set (--limit).",
                    )
            self._underway += characters

    @property
    def _tokens_per_character(self) -> float:
        if self._most_per_character is not None:
            return self._most_per_character
        return self._tokens / self._characters if self._characters else 1 / CHARACTERS

    def settle(self, characters: int, tokens: int | None) -> None:
        """Count a request that was let through. tokens: as the service said; None where it failed or did not say."""
        with self._lock:
            self._underway -= characters
            if tokens is not None:
                self._tokens += tokens
                self._characters += characters

    @property
    def totals(self) -> tuple[int, float]:
        """Tokens and USD so far."""
        return self._tokens, self.usd

    def tell_since(self, before: tuple[int, float]) -> None:
        """Record what came since then, where anything did: `totals` of an earlier time."""
        tokens, usd = self.totals
        if tokens > before[0]:
            record(TOKENS, tokens - before[0])
            if self._price is not None:
                record(USD, usd - before[1])
