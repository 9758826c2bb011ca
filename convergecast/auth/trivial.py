"""Which secrets anybody would try first. Process: hub, command."""

from __future__ import annotations

import itertools

_FEWEST_DIFFERENT = 5
_LONGEST_REPEATED = 8
_FIRST_TRIED = ("password", "passwort", "qwerty", "letmein", "convergecast", "admin", "secret")


def is_trivial(secret: str) -> bool:
    """Whether a secret is one letter or a short piece again and again, or an alphabet's order.

    Also where it is a word that everybody tries, with digits or signs around it.
    """
    if len(set(secret)) < _FEWEST_DIFFERENT or _is_repeated(secret) or _is_in_order(secret):
        return True
    letters = "".join(letter for letter in secret.lower() if letter.isalpha())
    for word in _FIRST_TRIED:
        letters = letters.replace(word, "")
    figures = "".join(letter for letter in secret if not letter.isalpha())
    return not letters and (len(set(figures)) < _FEWEST_DIFFERENT or _is_in_order(figures))


def _is_repeated(secret: str) -> bool:
    pieces = (secret[:length] for length in range(1, min(_LONGEST_REPEATED, len(secret) // 2) + 1))
    return any((piece * len(secret))[: len(secret)] == secret for piece in pieces)


def _is_in_order(secret: str) -> bool:
    """Whether each character is the next after the one before, or each the one before it."""
    codes = [ord(letter) for letter in secret]
    steps = {after - before for before, after in itertools.pairwise(codes)}
    return steps <= {1, -9} or steps <= {-1, 9}
