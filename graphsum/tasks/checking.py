"""A model's answer, compared with the report: what the report does not bear out is withheld."""

import re

from graphsum.tasks.abbreviations import senses_of
from graphsum.tasks.answering import answer_question
from graphsum.tasks.glossary import find_terms, load_glossary
from graphsum.tasks.questions import parse_question
from graphsum.tasks.task import NOT_STATED, Answer, Request, words_of
from preprocessing.facts.comparison import Consistency, check_impression
from preprocessing.text.sentences import sentence_spans

NOT_KNOWN = "Not known: the model's answer is no expansion of this abbreviation."
NOTHING = "(The model wrote nothing.)"
WITHHELD = "(A sentence of the model is withheld: the report does not bear it out.)"
_PRESENCE = re.compile(r"^(?:is|are) there (?:(?:any|an?|evidence of) )*(?P<thing>.+?)\W*$", re.I)
_SIDE = re.compile(r"^on which side (?:is|are) (?:the )?(?P<thing>.+?)\W*$", re.I)
_CLAIMS = {"yes": "There is {}.", "no": "There is no {}.", "possibly": "Possible {}."}


def check_answer(task: str, request: Request, output: str) -> Answer:
    """The answer that may be given for a model's output; what is withheld is named."""
    return _CHECKS[task](request, output)


def _question(request: Request, output: str) -> Answer:
    """A yes, no or side must be a statement that the report supports, else what the rules say."""
    if words_of(output) == words_of(NOT_STATED):
        return Answer(NOT_STATED)
    ruled = answer_question(request.text, request.question)
    if words_of(output) == words_of(ruled.text):
        return Answer(output, ruled.evidence)
    claim = claim_of(request.question, output)
    found = check_impression(claim, request.text) if claim else None
    if found is None or not _borne_out(found):
        return Answer(NOT_STATED, (), (output,))
    return Answer(output, _evidence(request.text, found))


def claim_of(question: str, answer: str) -> str:
    """The statement that an answer makes, or an empty text where rules cannot tell.

    >>> claim_of("Is there a pneumothorax?", "No.")
    'There is no pneumothorax.'
    """
    if parse_question(question).negated:
        return ""  # "No" may mean either.
    first = words_of(answer).split(" ")[0]
    if (match := _PRESENCE.match(question)) and first in _CLAIMS:
        return _CLAIMS[first].format(match["thing"])
    if (match := _SIDE.match(question)) and first in ("left", "right", "both", "bilateral"):
        side = "bilateral" if first in ("both", "bilateral") else first
        return f"There is {side} {match['thing']}."
    return ""


def _borne_out(found: Consistency) -> bool:
    return bool(found.statements) and all(
        one.kind in ("supported", "inferred") for one in found.statements
    )


def _evidence(text: str, found: Consistency) -> tuple[str, ...]:
    places = [one.linked.start for one in found.statements if one.linked is not None]
    return tuple(
        text[start:end]
        for start, end in sentence_spans(text)
        if any(start <= place < end for place in places)
    )


def _abbreviation(request: Request, output: str) -> Answer:
    """A sense of the table; of a term that it does not have, words that begin as the term says."""
    senses = senses_of(request.term)
    written = words_of(output)
    if senses:
        fits = written in {words_of(sense.expansion) for sense in senses}
    else:
        letters = [sign for sign in request.term.lower() if sign.isalpha()]
        fits = bool(letters) and [word[0] for word in written.split()] == letters
    if not fits:
        return Answer(NOT_KNOWN, (), (output,))
    spans = sentence_spans(request.text)
    cited = (request.text[start:end] for start, end in spans)
    return Answer(output, tuple(one for one in cited if request.term in one)[:1])


def _sentences(request: Request, output: str) -> Answer:
    """Sentence by sentence; plain words are read as the technical ones that they stand for."""
    told: list[str] = []
    withheld: list[str] = []
    evidence: list[str] = []
    for start, end in sentence_spans(output):
        sentence = output[start:end]
        technical = technical_sentence(sentence, request.text)
        found = check_impression(technical, request.text) if technical else None
        if found is None or found.wrong or not _numbers(sentence) <= _numbers(request.text):
            withheld.append(sentence)
            continue
        told.append(sentence)
        evidence += [one for one in _evidence(request.text, found) if one not in evidence]
    if withheld or not told:
        told.append(WITHHELD if withheld else NOTHING)
    return Answer(" ".join(told), tuple(evidence), tuple(withheld))


def is_contradicted(task: str, text: str, answer: str) -> bool:
    """Whether an answer has a statement that its text does not bear out."""
    if task == "paraphrase":
        return bool(_sentences(Request(text), answer).withheld)
    return bool(check_impression(answer, text).wrong)


def technical_sentence(sentence: str, report: str) -> str:
    """A sentence with the glossary's plain phrases put back into the report's own terms.

    An empty text where it has the plain phrase of a finding that the report does not name.
    """
    terms = {one.entry.plain: one.match[0] for one in find_terms(report.lower())}
    known = {plain: _without_degree(plain) for plain in terms}
    others = {one.plain: _without_degree(one.plain) for one in load_glossary()
              if one.kind == "finding"}  # fmt: skip
    result = sentence.lower()
    for plain, phrase in sorted((others | known).items(), key=lambda one: -len(one[1])):
        written = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)")
        if phrase and written.search(result):
            if plain not in terms:
                return ""
            result = terms[plain].join(written.split(result))
    return result


def _without_degree(plain: str) -> str:
    return re.sub(r"\[[^\[\]]*\]", "", plain).strip()


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


_CHECKS = {
    "qa": _question,
    "abbreviations": _abbreviation,
    "impression": _sentences,
    "paraphrase": _sentences,
}
