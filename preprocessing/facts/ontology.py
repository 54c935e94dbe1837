"""What is known of findings: names, words, organs, tiers. The data are in ``ontology.yaml``.

A hospital adds its own words with a second file of the same form (``--ontology FILE``): entries
under a known name gain words, others are new findings. Every entry is checked when it is loaded.
``docs/ontology.md`` describes the format.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from preprocessing.errors import InputError
from preprocessing.files import read_yaml
from preprocessing.text.alternatives import Alternatives

Tier = Literal["critical", "urgent", "notable", "routine", "none"]
TIERS: tuple[Tier, ...] = get_args(Tier)
Easing = Literal["old", "stable"]

NO_FINDING = "No Finding"
# The classes of CheXpert (Irvin et al. 2019), in its order.
CHEXPERT_OBSERVATIONS = (
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
    NO_FINDING,
)
SHIPPED = Path(__file__).with_name("ontology.yaml")


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry of the ontology.

    ``tier``: how soon somebody must act on it by itself. *critical*: within minutes, *urgent*:
    within hours, *notable*: within days, *routine*: not; *none*: it is no abnormality.
    ``eased_by``: what takes it out of the tiers that must be reported ("old": called old,
    healed or chronic; "stable": called unchanged). ``names``: what a mention is
    called, its own name by default; ``expected_after``: what, if the text has it, makes it old
    (an opaque hemithorax after pneumonectomy); ``parents``: further names where it is there, or
    may be. ``in_context``: words that mean it in a sentence that has the key.
    """

    name: str
    tier: Tier
    organ: str
    reason: str = ""
    sided: bool = True
    chronic: bool = False
    eased_by: tuple[Easing, ...] = ()
    names: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    in_context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    expected_after: tuple[str, ...] = ()


class Ontology:
    """The entries of one or more files; ``terms`` finds their mentions."""

    def __init__(
        self,
        entries: Iterable[Finding],
        macros: Mapping[str, str],
        not_findings: Iterable[str],
        relations: Mapping[str, Any],
    ) -> None:
        self.entries = tuple(entries)
        self.macros = dict(macros)
        self.not_findings = tuple(not_findings)
        self.relations = dict(relations)
        self.by_name = {one.name: one for one in self.entries}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names that an observation may have: CheXpert's first, then the others."""
        used = [
            name for one in self.entries for name in (*(one.names or (one.name,)), *one.parents)
        ]
        return tuple(dict.fromkeys((*CHEXPERT_OBSERVATIONS, *used)))

    def names_of(self, entry: Finding, status: str) -> tuple[str, ...]:
        """The names of a mention of that status: a parent does not follow from a denial."""
        own = entry.names or (entry.name,)
        return own if status == "absent" else (*own, *entry.parents)

    @cached_property
    def unsided(self) -> frozenset[str]:
        """Names of the middle or of the whole chest, which have no side."""
        sided = {name for one in self.entries if one.sided for name in one.names or (one.name,)}
        every = {name for one in self.entries for name in one.names or (one.name,)}
        return frozenset(every - sided | {NO_FINDING})

    def tier(self, name: str) -> Tier:
        """The tier of a name; of one that no entry bears alone, the highest of its entries."""
        if name in self.by_name:
            return self.by_name[name].tier
        tiers = [one.tier for one in self.entries if name in one.names or name in one.parents]
        return min(tiers, key=TIERS.index, default="none")

    def organ(self, name: str) -> str:
        """The organ of a name; empty where no entry bears it alone."""
        entry = self.by_name.get(name)
        return entry.organ if entry else ""

    def named(self, *tiers: Tier) -> frozenset[str]:
        """The names of these tiers."""
        return frozenset(name for name in self.names if self.tier(name) in tiers)

    @cached_property
    def chronic(self) -> frozenset[str]:
        """Names of what is chronic by itself."""
        return frozenset(one.name for one in self.entries if one.chronic)

    def eased(self, name: str, by: Easing) -> bool:
        """Whether that it is old, or stable, takes a finding out of the tiers to be reported."""
        entries = [one for one in self.entries if name == one.name] or [
            one for one in self.entries if name in one.names
        ]
        return bool(entries) and all(by in one.eased_by for one in entries)

    def expected_in(self, text: str) -> frozenset[str]:
        """The names of what is expected, and so old, in a lower-cased text that has its cause."""
        return frozenset(
            one.name for one in self._with_cause if any(term in text for term in one.expected_after)
        )

    @cached_property
    def _with_cause(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.entries if one.expected_after)

    def expression(self, extra: Iterable[tuple[str, str]] = ()) -> tuple[Alternatives, list[str]]:
        """All terms as one expression, and the name behind each group ``t0``, ``t1``, ...

        What begins first in a text is met first and uses up its words. ``extra``: (name, pattern)
        tried before the terms; the name of what is no finding is empty.
        """
        parts = [*extra, ("", "|".join(self.not_findings))]
        for one in self.entries:
            plain = sorted(one.synonyms, key=len, reverse=True)
            own = [*one.patterns, *(f"{re.escape(term)}(?:s|es)?" for term in plain)]
            if own:
                parts.append((one.name, "|".join(own)))
        expanded = {f"t{row}": self._expanded(pattern) for row, (_, pattern) in enumerate(parts)}
        expression = Alternatives(expanded, start=r"(?<!\w)\S", behind=r"(?!\w)")
        return expression, [name for name, _ in parts]

    def context_expressions(self) -> list[tuple[re.Pattern[str], re.Pattern[str], str]]:
        """(what the sentence must hold, the words, the name) of entries with such words."""
        return [
            (
                re.compile(rf"(?<!\w){key}"),
                re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)"),
                one.name,
            )
            for one in self.entries
            for key, words in one.in_context
        ]

    def _expanded(self, pattern: str) -> str:
        for _ in range(3):  # macros may use macros
            pattern = _MACRO.sub(lambda match: self.macros.get(match[1], match[0]), pattern)
        return pattern


_MACRO = re.compile(r"\{([a-z]\w*)\}")
_FIELDS = {
    "name", "tier", "organ", "reason", "sided", "chronic", "eased_by", "names", "parents",
    "synonyms", "patterns", "in_context", "expected_after",
}  # fmt: skip


def load_ontology(*files: Path | str) -> Ontology:
    """The shipped ontology with the entries of these files on top.

    Raises ``InputError`` that names the file, the entry, the field and what is allowed.
    """
    result = _add(Ontology((), {}, (), {}), SHIPPED)
    for path in files:
        result = _add(result, Path(path))
    return result


_current: list[Ontology] = []


def ontology() -> Ontology:
    """The ontology in use: the shipped one unless :func:`use_ontology` was called."""
    if not _current:
        _current.append(load_ontology())
    return _current[0]


def use_ontology(*files: Path | str) -> Ontology:
    """Read from now on with the shipped ontology and these files on top; without files: without."""
    _current[:] = [load_ontology(*files)]
    for forget in _FORGETTERS:
        forget()
    return _current[0]


_FORGETTERS: list[Any] = []


def on_change(forget: Any) -> Any:
    """Register a function that drops what was derived from the ontology before."""
    _FORGETTERS.append(forget)
    return forget


def _add(base: Ontology, path: Path) -> Ontology:
    try:
        data = read_yaml(path)
    except InputError as error:
        raise InputError(f"{error}; give a YAML file as in docs/ontology.md") from None
    if not isinstance(data, dict) or not isinstance(data.get("entries"), list):
        raise InputError(f"{path}: needs a list under 'entries:'; see docs/ontology.md")
    unknown = set(data) - {"version", "macros", "not_findings", "entries", "relations"}
    if unknown:
        raise InputError(
            f"{path}: unknown key {sorted(unknown)[0]!r}; allowed: version, macros, not_findings, "
            "entries, relations"
        )
    macros = base.macros | {str(k): str(v) for k, v in (data.get("macros") or {}).items()}
    not_findings = [*base.not_findings, *_texts(data, "not_findings", f"{path}")]
    entries = {one.name: one for one in base.entries}
    for row, value in enumerate(data["entries"], start=1):
        one = _entry(value, entries, f"{path}, entry {row}")
        entries[one.name] = one
    relations = {**base.relations, **(data.get("relations") or {})}
    result = Ontology(entries.values(), macros, not_findings, relations)
    for one in result.entries:
        for pattern in (*one.patterns, *(result.not_findings if one is result.entries[0] else ())):
            try:
                re.compile(result._expanded(pattern))
            except re.error as error:
                raise InputError(
                    f"{path}, entry {one.name}: a pattern is no regular expression ({error.msg}); "
                    "put plain words under 'synonyms'"
                ) from None
    return result


def _entry(value: Any, known: Mapping[str, Finding], where: str) -> Finding:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        raise InputError(f"{where}: needs a 'name'; see docs/ontology.md")
    where = f"{where} ({value['name']})"
    if unknown := set(value) - _FIELDS:
        raise InputError(
            f"{where}: unknown field {sorted(unknown)[0]!r}; allowed: {', '.join(sorted(_FIELDS))}"
        )
    base = known.get(value["name"])
    tier = value.get("tier", base.tier if base else None)
    if tier not in TIERS:
        raise InputError(f"{where}: 'tier' must be one of {', '.join(TIERS)}")
    for field in ("sided", "chronic"):
        if not isinstance(value.get(field, True), bool):
            raise InputError(f"{where}: {field!r} must be true or false")
    eased = cast(tuple[Easing, ...], tuple(_texts(value, "eased_by", where)))
    if wrong := set(eased) - set(get_args(Easing)):
        raise InputError(f"{where}: 'eased_by' has {sorted(wrong)[0]!r}; allowed: old, stable")
    context = value.get("in_context") or {}
    if not isinstance(context, dict):
        raise InputError(f"{where}: 'in_context' must map a word to a list of words")
    pairs = tuple((str(key), tuple(_texts(context, key, where))) for key in context)
    synonyms = tuple(" ".join(term.lower().split()) for term in _texts(value, "synonyms", where))
    patterns = tuple(_texts(value, "patterns", where))
    after = tuple(term.lower() for term in _texts(value, "expected_after", where))
    if base:
        return replace(
            base,
            tier=tier,
            reason=str(value.get("reason", base.reason)),
            sided=value.get("sided", base.sided),
            chronic=value.get("chronic", base.chronic),
            eased_by=eased if "eased_by" in value else base.eased_by,
            synonyms=(*base.synonyms, *synonyms),
            patterns=(*base.patterns, *patterns),
            in_context=(*base.in_context, *pairs),
            expected_after=(*base.expected_after, *after),
        )
    if not (synonyms or patterns or pairs):
        raise InputError(f"{where}: needs 'synonyms', 'patterns' or 'in_context'")
    return Finding(
        value["name"],
        tier,
        str(value.get("organ", "")),
        str(value.get("reason", "")),
        value.get("sided", True),
        value.get("chronic", False),
        eased,
        tuple(_texts(value, "names", where)),
        tuple(_texts(value, "parents", where)),
        synonyms,
        patterns,
        pairs,
        after,
    )


def _texts(value: Mapping[Any, Any], field: Any, where: str) -> Iterator[str]:
    found = value.get(field) or []
    if not isinstance(found, list):
        raise InputError(f"{where}: {field!r} must be a list of words")
    for one in found:
        if not isinstance(one, str | int) or not str(one).strip():
            raise InputError(f"{where}: {field!r} must hold words only")
        yield str(one)
