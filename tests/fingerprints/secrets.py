"""Texts that must never be kept, of the kinds that services hand out."""

from hypothesis import strategies as st

KINDS = {
    "letters and digits": r"(?=[a-z0-9]*[0-9])(?=[a-z0-9]*[a-z])[a-z0-9]{16,40}",
    "mixed letters": r"(?:[A-Z][a-z]){8,16}",
    "runs of mixed letters": r"(?:[A-Z]{2,3}[a-z]{4}){4,8}",
    "Telegram": r"[1-9][0-9]{8,9}:AA[A-Za-z0-9_-]{12}[0-9]{2}[A-Z]{3}[0-9]{2}[a-z]{14}",
    "JWT": r"eyJ[A-Za-z0-9]{12}I6MTAw\.eyJ[A-Za-z0-9]{12}I6MTAw\.[A-Za-z0-9_-]{20,43}",
    "e-mail": r"[a-z]{1,8}[.][a-z]{1,8}@[a-z]{2,8}\.(?:com|test)",
    "prefixed key": r"(?:sk|pk)_(?:live|test)_[a-z]{3}[0-9]{3}[A-Z]{3}[0-9]{3}",
}

secrets = st.one_of(*[st.from_regex(kind, fullmatch=True) for kind in KINDS.values()])
