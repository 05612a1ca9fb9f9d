"""What in a query looks private: patterns of addresses and numbers, which know nothing of what they mean.

They would rather hold back too much. What they cannot see is a name, or an illness beside it: a log of people's
queries stays something to be read before it is shown to judges.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

_EMAIL = re.compile(r"[^\s@<>]+(?:@|\s?[(\[](?:at|@)[)\]]\s?)[^\s@<>]+\.[^\W\d_]{2,}", re.IGNORECASE)
_NETWORK = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?![\w.:])", re.IGNORECASE
)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
# With the country's code, or in groups with a last one of three to five digits.
_PHONE = re.compile(
    r"(?<![\w.])(?:(?:\+|00)\d[\d ()./-]{6,18}\d|\(?\d{2,5}\)?[ ./-]?\d{3,4}[ ./-]\d{3,5}|\d{3}[ .-]\d{4})(?![\w.]*\d)"
)
_LONG = re.compile(
    r"\d{7,}|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", re.IGNORECASE
)
_STREET = re.compile(
    r"\b\d{1,5}[a-z]?,? (?:[\w'.-]+ ){1,3}(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd)\b"  # English
    r"|\b[\w-]*(?:straße|strasse|str\.|gasse|weg|platz|allee) ?\d{1,4}\b"  # German
    r"|\b\d{1,4},? (?:bis |ter )?(?:rue|avenue|boulevard|chemin|impasse) \w+"  # French
    r"|\b(?:calle|avenida|via|viale|piazza|rua) (?:[\w'.-]+ ){1,4}\d{1,4}\b",  # Spanish, Italian, Portuguese
    re.IGNORECASE,
)


def private_kinds(text: str) -> tuple[str, ...]:
    """What in the text looks private: of e-mail, street address, IP address, card number, phone number, long number."""
    kinds = {
        "e-mail": _EMAIL.search(text),
        "street address": _STREET.search(text),
        "IP address": any(_is_network(match[0]) for match in _NETWORK.finditer(text)),
        "card number": any(_is_card(match[0]) for match in _CARD.finditer(text)),
        "phone number": _PHONE.search(text),
        "long number": _LONG.search(text),
    }
    return tuple(kind for kind, seen in kinds.items() if seen)


def _is_network(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return any(map(str.isdigit, text))  # a::b is code


def _is_card(text: str) -> bool:
    """Does its last digit check the others (Luhn; ISO/IEC 7812-1)?"""
    digits = [int(character) for character in text if character.isdigit()][::-1]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
