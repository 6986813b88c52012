"""Cases and their labels: what a careful reviewer would demand, and what two would argue about."""

from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from tests.corpus.traces import cases
from tests.corpus.traces.building.otlp import encode
from tests.corpus.traces.building.recorder import File, Service

_known = {}


class Label(NamedTuple):
    """A finding of one of ``rules`` whose template holds ``text``; ``count`` None: as many as it likes."""

    rules: tuple
    text: str
    count: int | None
    demanded: bool

    def fits(self, finding):
        return finding.rule in self.rules and self.text.lower() in finding.template.lower()

    def __str__(self):
        return f"{' or '.join(self.rules)} on {self.text!r}"


class Case(NamedTuple):
    """What happened, told by ``tell`` to a trace, and what must be found of it."""

    name: str
    tell: object
    labels: tuple
    service: Service
    shape: str

    @property
    def expected(self):
        return [label for label in self.labels if label.demanded]

    @property
    def tolerated(self):
        return [label for label in self.labels if not label.demanded]

    def text(self):
        """The file of the collector."""
        file = File(self.name)
        self.tell(file.trace(self.service))
        return encode(file.spans, self.shape)


def finds(rules, text, count=None):
    """Must be found. ``"PK101|PK102"``: either will do, where the trace leaves open which it is."""
    return Label(tuple(rules.split("|")), text, count, demanded=True)


def may(rules, text=""):
    """Neither demanded nor wrong: two reviewers would argue."""
    return Label(tuple(rules.split("|")), text, None, demanded=False)


def case(*labels, service="shop", language="python", shape="lines"):
    """Declare a case. One without ``finds`` is right, and nothing may be found but what it says ``may``."""

    def declare(tell):
        assert tell.__name__ not in _known, f"there are two cases called {tell.__name__}"
        assert tell.__doc__, f"{tell.__name__} does not say what happened"
        _known[tell.__name__] = Case(tell.__name__, tell, labels, Service(service, language), shape)
        return tell

    return declare


def all_cases():
    """Every case by its name, in the order in which they are told."""
    for module in iter_modules(cases.__path__):
        import_module(f"{cases.__name__}.{module.name}")
    return dict(_known)
