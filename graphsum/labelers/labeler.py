"""What every labeler can do, and how one is loaded by its name or from its folder.

A folder of a trained labeler holds ``labeler.json`` (``{"labeler": NAME, ...}``), ``schema.yaml``
(the text of the schema it was trained on) and whatever the labeler saves.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphsum.labelers.labels import ReportLabels
from graphsum.labelers.schema import Schema, load_schema
from preprocessing.errors import InputError, closest
from preprocessing.files import read_json
from preprocessing.registry import Table, load

DEFAULT_SCHEMA = "chexpert14"
LABELER_FILE = "labeler.json"
SCHEMA_FILE = "schema.yaml"


class Labeler(ABC):
    """Labels reports by a schema.

    >>> from graphsum import Labeler
    >>> labeler = Labeler.from_pretrained("rules", schema="chexpert14")
    >>> labeler.label(["Small left effusion."])[0].states["Pleural Effusion"]
    'present'
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def label(self, texts: Sequence[str]) -> list[ReportLabels]:
        """The labels of each text, in order; None and NaN stand for no text.

        Raises:
            TypeError: one text instead of a list of them, or something else than a text.
        """
        if isinstance(texts, str | bytes | Mapping):
            raise TypeError("texts must be a list of texts: label([text])")
        return self._labels_of([_as_text(one) for one in texts])

    @abstractmethod
    def _labels_of(self, texts: Sequence[str]) -> list[ReportLabels]: ...

    @property
    @abstractmethod
    def version(self) -> str:
        """Changes whenever the labels of the same texts by the same schema may: a run that was
        stopped goes on with the same version only."""

    @classmethod
    @abstractmethod
    def load(cls, schema: Schema, folder: Path | None, **options: Any) -> "Labeler":
        """The labeler of that schema.

        Args:
            schema: what to label with.
            folder: where it was saved; None: it was asked for by its name alone.
            options: what else the user gave; an unknown one is an ``InputError``.

        Raises:
            InputError: the folder is not as it must be, or needed and not given.
        """

    @staticmethod
    def from_pretrained(
        name_or_folder: str | Path = "rules", *, schema: str | Path | Schema | None = None,
        **options: Any,
    ) -> "Labeler":  # fmt: skip
        """The labeler of that name or in that folder; see :func:`load_labeler`."""
        return load_labeler(name_or_folder, schema, **options)


def _as_text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"texts must be strings, not {type(value).__name__}")
    return value


LABELERS: Table[type[Labeler]] = Table(
    "labeler",
    {
        "rules": "graphsum.labelers.rules:RuleLabeler",
        "encoder": "graphsum.labelers.encoder:EncoderLabeler",
        "llm": "graphsum.labelers.llm:LLMLabeler",
    },
)


def load_labeler(
    name_or_folder: str | Path, schema: str | Path | Schema | None = None, **options: Any
) -> Labeler:
    """A labeler.

    Args:
        name_or_folder: a name of ``LABELERS``, or a folder that training wrote.
        schema: a name, a file or a schema; None: that of the folder, or ``chexpert14``.
        options: for the labeler.

    Raises:
        InputError: there is no such labeler, or the folder was trained on other classes.
    """
    if str(name_or_folder) in LABELERS:
        kind = load(LABELERS, str(name_or_folder))
        return kind.load(load_schema(schema or DEFAULT_SCHEMA), None, **options)
    folder = Path(name_or_folder)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no folder, and no labeler of that name{closest(str(folder), LABELERS)}; "
            f"choose from {', '.join(LABELERS)}, or give the folder of a trained one"
        )
    name = read_json(folder / LABELER_FILE).get("labeler")
    if not isinstance(name, str) or name not in LABELERS:
        raise InputError(
            f"{folder / LABELER_FILE}, key 'labeler': {name!r} is none of {', '.join(LABELERS)}"
        )
    trained_on = load_schema(folder / SCHEMA_FILE)
    given = load_schema(schema) if schema else trained_on
    if given.names != trained_on.names:
        raise InputError(
            f"{folder}: trained on the classes of {trained_on.name}, not on those of {given.name}; "
            "leave out --schema"
        )
    return load(LABELERS, name).load(given, folder, **options)
