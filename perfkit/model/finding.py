"""Findings: what a rule reports. Knows msgspec and Frame only."""

from __future__ import annotations

from msgspec import Struct, field

from perfkit.model.trace import Frame


class Finding(Struct):
    """One problem at one place in the application's code.

    ``rule`` is the code ("PK102"), ``name`` its name ("n-plus-one-request"), ``template`` the repeated
    operation with its values masked. ``site`` is the line to edit, ``path`` the whole call path.
    ``spent_ns`` is what the operations took; ``saving_ns`` what the fix is predicted to save (None: unknown)
    and ``basis`` how that was predicted. ``evidence`` are short facts, ``fix`` says what to do. ``place``
    names the spans around it where the trace does not name lines; ``traces`` is in how many traces it was
    found, of which ``count`` and the times are the sums.
    """

    rule: str
    name: str
    template: str
    count: int
    spent_ns: int
    site: Frame | None = None
    path: tuple[Frame, ...] = ()
    saving_ns: int | None = None
    basis: str = "unknown"
    evidence: list[str] = field(default_factory=list)
    fix: str = ""
    span_ids: list[int] = field(default_factory=list)
    place: str = ""
    traces: int = 1

    @property
    def identity(self) -> str:
        """A fingerprint that survives edits elsewhere: of rule, template, file and function, never of a line.

        >>> a = Finding("PK102", "n", "GET /x", 5, 0, Frame("a.py", 1, "f"))
        >>> b = Finding("PK102", "n", "GET /x", 9, 0, Frame("a.py", 7, "f"))
        >>> a.identity == b.identity
        True
        """
        place = (self.site.file, self.site.function) if self.site else (self.place, "")
        import hashlib  # late: it loads OpenSSL

        text = "\0".join((self.rule, self.template, *place))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
