"""A schema: the classes that reports are labeled with, each with its words and its policy.

A schema is a YAML file, so that a hospital writes its own; ``docs/labels.md`` describes the form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from preprocessing.errors import InputError, closest
from preprocessing.facts.ontology import ontology
from preprocessing.files import read_text, read_yaml
from preprocessing.registry import unknown_name

State = Literal["present", "absent", "uncertain"]
Reading = Literal[
    "present", "probable", "alternative", "possible", "unlikely", "absent", "limited", "normal",
    "removed",
]  # fmt: skip
READINGS: tuple[Reading, ...] = get_args(Reading)
STATES: tuple[State, ...] = get_args(State)
BLANK = "blank"
Place = tuple[str | int, ...]  # the keys and the rows that lead to a value
SCHEMAS = {path.stem: path for path in sorted(Path(__file__).with_name("schemas").glob("*.yaml"))}
_EXPRESSIONS = ("patterns", "normal", "not_terms")
# What a reading makes of a class unless the schema says otherwise.
_USUAL: dict[Reading, State | None] = {
    "present": "present",
    "probable": "uncertain",
    "alternative": "uncertain",
    "possible": "uncertain",
    "unlikely": "uncertain",
    "absent": "absent",
    "limited": "absent",
    "normal": "absent",
    "removed": None,
}
_KEYS = ("name", "description", "ontology", "states", "classes")
_CLASS_KEYS = (
    "name", "definition", "observations", "synonyms", "patterns", "normal", "not_terms", "parents",
    "states", "no_finding_unless",
)  # fmt: skip


@dataclass(frozen=True)
class LabelClass:
    """One class of a schema.

    Args:
        name: of the column in a table of labels.
        definition: what it means, for people and for the prompts of language models.
        observations: names of the reading engine's ontology whose mentions count.
        synonyms: own words whose mentions count, in plain spelling.
        patterns: own regular expressions over lower-cased text.
        normal: regular expressions of statements that call the place of the class normal, such as
            "heart size is normal" for Cardiomegaly.
        not_terms: regular expressions of what looks like a mention and is none.
        parents: classes that are present, or uncertain, where this one is.
        states: what each reading of a mention makes of the class; None: nothing. ``alternative``
            is one of two or more ("atelectasis versus infiltrate"), ``limited`` a denial of what
            is new, further or large only, ``normal`` a statement of normality that denies the
            finding without naming it, ``removed`` what was there and has been taken out.
        no_finding_unless: for a class such as No Finding: it is present unless one of these
            classes is present or uncertain; None: it is an ordinary class.
    """

    name: str
    definition: str
    observations: tuple[str, ...]
    synonyms: tuple[str, ...]
    patterns: tuple[str, ...]
    normal: tuple[str, ...]
    not_terms: tuple[str, ...]
    parents: tuple[str, ...]
    states: Mapping[Reading, State | None]
    no_finding_unless: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Schema:
    """What reports are labeled with.

    Args:
        name: of the schema.
        description: what it is for.
        classes: in the order of the columns.
        ontology: whether the terms of the chest ontology are read; if not, only the own words.
        text: the YAML it was read from, which is kept with what was trained on it.
    """

    name: str
    description: str
    classes: tuple[LabelClass, ...]
    ontology: bool
    text: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(one.name for one in self.classes)

    def __getitem__(self, name: str) -> LabelClass:
        """The class of that name; raises ``InputError`` where there is none."""
        for one in self.classes:
            if one.name == name:
                return one
        raise unknown_name(f"class of the schema {self.name}:", name, self.names)


def load_schema(name_or_path: "str | Path | Schema") -> Schema:
    """A shipped schema by its name, or one from a file.

    Raises:
        InputError: there is none of that name, or the file is no schema: the message names the
            line and the key.
    """
    if isinstance(name_or_path, Schema):
        return name_or_path
    path = SCHEMAS.get(str(name_or_path), Path(name_or_path))
    if str(name_or_path) not in SCHEMAS and not path.exists():
        raise InputError(
            f"{name_or_path}: no schema of that name{closest(str(name_or_path), SCHEMAS)} and no "
            f"file; shipped are {', '.join(SCHEMAS)}"
        )
    return _Reader(path).schema()


class _Reader:
    """The checks of one file; every message names the line and the key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = read_text(path)
        self.data = read_yaml(path)
        self.lines = _lines_of_keys(self.text)

    def error(self, keys: Place, message: str) -> InputError:
        """An error at the value under these keys, or the nearest that has a line."""
        line = next(
            (self.lines[keys[:n]] for n in range(len(keys), -1, -1) if keys[:n] in self.lines), 1
        )
        key = next((one for one in reversed(keys) if isinstance(one, str)), "")
        return InputError(f"{self.path}, line {line}{f', key {key!r}' if key else ''}: {message}")

    def schema(self) -> Schema:
        """The schema of the file."""
        data = self.data
        if not isinstance(data, dict):
            raise self.error((), "a schema is a mapping with 'name' and 'classes'")
        self.check_keys(data, (), _KEYS)
        name = self.one_text(data, (), "name", required=True)
        usual = self.states(data, (), _USUAL)
        if not isinstance(data.get("ontology", True), bool):
            raise self.error(("ontology",), "must be true or false")
        with_ontology = data.get("ontology", True)
        rows = data.get("classes")
        if not isinstance(rows, list) or not rows:
            raise self.error(("classes",), "must be a list with a class or more")
        classes: list[LabelClass] = []
        for row, value in enumerate(rows):
            one = self.label_class(value, ("classes", row), usual, with_ontology)
            if one.name in [other.name for other in classes]:
                raise self.error(("classes", row, "name"), f"{one.name!r} is there twice")
            classes.append(one)
        self.check_names(classes)
        description = self.one_text(data, (), "description")
        return Schema(name, description, tuple(classes), with_ontology, self.text)

    def label_class(
        self,
        value: Any,
        at: Place,
        usual: Mapping[Reading, State | None],
        with_ontology: bool,
    ) -> LabelClass:
        """One entry of ``classes``."""
        if not isinstance(value, dict):
            raise self.error(at, "a class is a mapping with a 'name'")
        self.check_keys(value, at, _CLASS_KEYS)
        name = self.one_text(value, at, "name", required=True)
        if name == "uid" or name != " ".join(name.split()):
            raise self.error((*at, "name"), f"{name!r} cannot be the name of a column")
        observations = self.texts(value, at, "observations")
        if observations and not with_ontology:
            raise self.error((*at, "observations"), "not allowed with 'ontology: false'")
        known = ontology().names
        for row, one in enumerate(observations):
            if one not in known:
                raise self.error(
                    (*at, "observations", row),
                    f"unknown observation {one!r}{closest(one, known)}; docs/ontology.md has them; "
                    "put words of your own under 'synonyms'",
                )
        expressions = {key: self.texts(value, at, key) for key in _EXPRESSIONS}
        for key, found in expressions.items():
            for row, one in enumerate(found):
                try:
                    empty = re.compile(one).match("")
                except re.error as error:
                    raise self.error(
                        (*at, key, row), f"no regular expression ({error.msg})"
                    ) from None
                if empty:
                    raise self.error((*at, key, row), "matches the empty text")
        synonyms = tuple(" ".join(one.lower().split()) for one in self.texts(value, at, "synonyms"))
        unless = None
        if "no_finding_unless" in value:
            unless = self.texts(value, at, "no_finding_unless")
        elif not (observations or synonyms or expressions["patterns"]):
            raise self.error(at, f"{name!r} needs 'observations', 'synonyms' or 'patterns'")
        return LabelClass(
            name,
            self.one_text(value, at, "definition"),
            observations=observations,
            synonyms=synonyms,
            patterns=expressions["patterns"],
            normal=expressions["normal"],
            not_terms=expressions["not_terms"],
            parents=self.texts(value, at, "parents"),
            states=self.states(value, at, usual),
            no_finding_unless=unless,
        )

    def check_names(self, classes: list[LabelClass]) -> None:
        """Raise ``InputError`` where a class names another that is not there, or itself."""
        by_name = {one.name: one for one in classes}
        for row, one in enumerate(classes):
            for key, names in (
                ("parents", one.parents),
                ("no_finding_unless", one.no_finding_unless or ()),
            ):
                for number, name in enumerate(names):
                    at = ("classes", row, key, number)
                    if name not in by_name:
                        raise self.error(at, f"no class {name!r}{closest(name, by_name)}")
                    if name == one.name:
                        raise self.error(at, f"{name!r} names itself")
            ancestors, front = set[str](), [*one.parents]
            while front:
                name = front.pop()
                if name == one.name:
                    raise self.error(("classes", row, "parents"), f"{name!r} is its own ancestor")
                if name not in ancestors:
                    ancestors.add(name)
                    front += by_name[name].parents if name in by_name else ()

    def check_keys(self, value: Mapping[Any, Any], at: Place, known: tuple[str, ...]) -> None:
        """Raise ``InputError`` for a key that is none of these."""
        for key in value:
            if key not in known:
                raise self.error(
                    (*at, str(key)),
                    f"unknown key{closest(str(key), known)}; allowed: {', '.join(known)}",
                )

    def states(
        self,
        value: Mapping[str, Any],
        at: Place,
        usual: Mapping[Reading, State | None],
    ) -> Mapping[Reading, State | None]:
        """What each reading makes of a class."""
        given = value.get("states", {})
        if not isinstance(given, dict):
            raise self.error((*at, "states"), "must map a reading to a state")
        for reading, state in given.items():
            if reading not in READINGS:
                raise self.error(
                    (*at, "states", str(reading)),
                    f"unknown reading{closest(str(reading), READINGS)}; allowed: "
                    f"{', '.join(READINGS)}",
                )
            if state not in (*STATES, BLANK):
                raise self.error(
                    (*at, "states", reading),
                    f"{state!r} is no state; allowed: {', '.join((*STATES, BLANK))}",
                )
        own = {key: None if state == BLANK else state for key, state in given.items()}
        return {**usual, **cast(dict[Reading, State | None], own)}

    def one_text(
        self,
        value: Mapping[str, Any],
        at: Place,
        key: str,
        *,
        required: bool = False,
    ) -> str:
        """The text under a key."""
        if key not in value and not required:
            return ""
        if not isinstance(value.get(key), str) or not value[key].strip():
            raise self.error((*at, key), f"{key!r} must be a text")
        return str(value[key]).strip()

    def texts(self, value: Mapping[str, Any], at: Place, key: str) -> tuple[str, ...]:
        """The list of texts under a key."""
        found = value.get(key, [])
        if not isinstance(found, list):
            raise self.error((*at, key), "must be a list of words")
        for row, one in enumerate(found):
            if not isinstance(one, str) or not one.strip():
                raise self.error((*at, key, row), "must hold words only; put them in quotes")
        return tuple(found)


def _lines_of_keys(text: str) -> dict[Place, int]:
    """The line, from 1, of each key and list item of a YAML text that can be read."""
    import yaml

    def walk(node: Any, at: Place, line: int) -> Iterator[tuple[Place, int]]:
        yield at, line
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield from walk(value, (*at, str(key.value)), key.start_mark.line + 1)
        elif isinstance(node, yaml.SequenceNode):
            for row, value in enumerate(node.value):
                yield from walk(value, (*at, row), value.start_mark.line + 1)

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return dict(walk(node, (), 1)) if node else {}
