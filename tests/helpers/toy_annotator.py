"""An annotator without a model, for tests of what is around annotators."""

from collections.abc import Iterable, Iterator

from preprocessing.annotation import Findings
from preprocessing.records import AnnotatedReport, Entity
from preprocessing.text.sentences import sentences_of


class ToyAnnotator:
    """Every word hangs on the one before; "effusion" is an observation; "poison" fails."""

    name = "toy"
    version = "1"

    def __init__(self, model_dir: str | None = None) -> None:
        if model_dir:
            self.version = model_dir

    def annotate(self, reports: Iterable[tuple[str, Findings]]) -> Iterator[AnnotatedReport]:
        for uid, findings in reports:
            words = [word for sentence in sentences_of(findings) for word in sentence]
            if "poison" in words:
                raise ZeroDivisionError(" ".join(words))
            yield AnnotatedReport(
                uid,
                tuple(words),
                (0,) if words else (),
                tuple(range(-1, len(words) - 1)),
                ("root", *["dep"] * (len(words) - 1)) if words else (),
                tuple(
                    Entity(position, position + 1, "OBSERVATION")
                    for position, word in enumerate(words)
                    if word == "effusion"
                ),
            )
