"""Annotators turn findings into words, a dependency tree and entities.

One class per backend and one line in ``ANNOTATORS``; a backend's library is imported only when
that backend is loaded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Protocol

from preprocessing.records import AnnotatedReport
from preprocessing.registry import Table, load

# Findings as text, or already split into sentences of words.
Findings = str | Sequence[Sequence[str]]


class Annotator(Protocol):
    """What every backend offers.

    ``version`` changes whenever the output would change, so that caches can be keyed by it.
    """

    name: str
    version: str

    def annotate(self, reports: Iterable[tuple[str, Findings]]) -> Iterator[AnnotatedReport]:
        """Yield one ``AnnotatedReport`` for each (uid, findings), in order."""
        ...


ANNOTATORS: Table[Callable[[str | None], Annotator]] = Table(
    "annotator",
    {
        "builtin": "preprocessing.annotation.builtin:BuiltinAnnotator",
        "stanza": "preprocessing.annotation.stanza:StanzaAnnotator",
        "scispacy": "preprocessing.annotation.scispacy:ScispacyAnnotator",
    },
)


def load_annotator(name: str, *, model_dir: str | None = None) -> Annotator:
    """The annotator called ``name``, its model loaded.

    ``model_dir`` is where the backend's model lies (stanza: the resources folder; scispacy and
    builtin: a pipeline's folder or name); None means the backend's default place.

    Raises ``InputError`` for an unknown name and ``MissingBackendError`` when the library or the
    model is not installed.
    """
    return load(ANNOTATORS, name)(model_dir)


@cache
def shared_annotator(name: str, model_dir: str | None, /) -> Annotator:
    """As :func:`load_annotator`, but loaded once in a process, for all who only annotate."""
    return load_annotator(name, model_dir=model_dir)
