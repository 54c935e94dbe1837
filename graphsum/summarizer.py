"""The five-line public API: findings in, impression out."""

import logging
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from graphsum.consensus.neighbours import TrainingEvidence
from graphsum.consensus.settings import ConsensusSettings
from graphsum.consensus.voting import consensus_impressions
from graphsum.consensus.word_pairs import WordPairs
from graphsum.impressions.mending import mend
from graphsum.impressions.plan import Plan, plans_of
from graphsum.impressions.styled import in_style
from graphsum.impressions.summary import REVIEW_BELOW, Summary, summary_of
from graphsum.metrics.rouge import mean_rouge
from graphsum.models.generation import SearchSettings, generate_impressions, sample_impressions
from graphsum.models.loading import load_model
from graphsum.models.types import model_type_of
from graphsum.options.runs import find_checkpoint
from graphsum.personal.context import Context, contexts_for, in_context, is_unknown_author
from graphsum.personal.style import StyleSpec
from preprocessing.annotation import Annotator, shared_annotator
from preprocessing.corpora.sections import extract_sections
from preprocessing.errors import InputError
from preprocessing.graphs import build_graph
from preprocessing.records import Report
from preprocessing.text.prose import as_prose

logger = logging.getLogger(__name__)


class Summarizer:
    """A trained model with its annotator and processor.

    >>> summarizer = Summarizer.from_pretrained("checkpoints/openi-small")  # doctest: +SKIP
    >>> summarizer.summarize("Small left pleural effusion. Heart size normal.")  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        annotator: Annotator | None,
        *,
        consensus: ConsensusSettings | None = None,
        pairs: WordPairs | None = None,
    ) -> None:
        """``annotator``: None for a model that reads the findings' text alone. ``consensus``:
        settings with which consensus decoding is the default; None: search. ``pairs``: which words
        may stand side by side where the model is unsure; None: any."""
        self.model = model.eval()
        self.processor = processor
        self.annotator = annotator
        self.consensus = consensus
        self.pairs = pairs

    @classmethod
    def from_pretrained(
        cls,
        checkpoint: str | Path | None = None,
        *,
        device: str | None = None,
        annotator_model: str | None = None,
        llm: str | None = None,
        vllm: Mapping[str, str] | None = None,
    ) -> "Summarizer":
        """Load a checkpoint or run folder; None: the newest finished run.

        Runs are looked for under ``checkpoints/``. The shipped checkpoint is taken before a run on
        the invented ``sample``.

        Args:
            device: ``cpu``, ``cuda``, ...; by default a GPU when there is one.
            annotator_model: folder of the annotator's models, when not in its usual place.
            llm: folder of the LLM that the checkpoint was trained with, when it has moved.
            vllm: options of vLLM's engine, which is then to run that LLM (``docs/scaling.md``).

        Raises:
            InputError: no checkpoint there, or it cannot be read.
            MissingBackendError: the annotator it was trained with is not installed.
        """
        folder = find_checkpoint(checkpoint, for_use=True)
        model_type = model_type_of(folder)
        processor = model_type.part("processor").from_pretrained(folder)
        consensus = ConsensusSettings.from_pretrained(folder)
        pairs = WordPairs.from_pretrained(folder)
        if not model_type.reads_graphs:
            model = load_model(folder, device=device, llm=llm, vllm=vllm)
            return cls(model, processor, None, consensus=consensus, pairs=pairs)
        annotator = shared_annotator(processor.settings.annotator, annotator_model)
        trained_on = processor.settings.annotator_version  # empty: graphs made elsewhere
        if trained_on and annotator.version != trained_on:
            logger.warning(
                "%s was trained on graphs of %s %s; this is version %s, and results may differ",
                folder,
                annotator.name,
                trained_on,
                annotator.version,
            )
        model = load_model(folder, device=device, llm=llm, vllm=vllm)
        return cls(model, processor, annotator, consensus=consensus, pairs=pairs)

    @overload
    def summarize(
        self,
        findings: str,
        *,
        batch_size: int = 32,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        review_below: float = REVIEW_BELOW,
        style: StyleSpec | Sequence[StyleSpec] | None = None,
        context: Context | None = None,
        **settings: Any,
    ) -> Summary: ...
    @overload
    def summarize(
        self,
        findings: Sequence[str],
        *,
        batch_size: int = 32,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        review_below: float = REVIEW_BELOW,
        style: StyleSpec | Sequence[StyleSpec] | None = None,
        context: Context | Sequence[Context | None] | None = None,
        **settings: Any,
    ) -> list[Summary]: ...
    def summarize(
        self,
        findings: str | Sequence[str],
        *,
        batch_size: int = 32,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        review_below: float = REVIEW_BELOW,
        style: StyleSpec | Sequence[StyleSpec] | None = None,
        context: Context | Sequence[Context | None] | None = None,
        **settings: Any,
    ) -> Summary | list[Summary]:
        """The summary of one findings text, or a list of them for a list; str() is the impression.

        What the model writes is checked against the findings and mended. Findings without a
        clinical statement get an empty impression and the reason. Findings longer than the encoder
        reads lose sentences from their end, for the model alone; the flag ``truncated`` says so.
        ``review_below``: the confidence below which a summary asks for a review. ``consensus``,
        ``train`` and ``settings``: see :meth:`write`. ``style``: how the impressions are to be
        written, or one style for each of them (``docs/style.md``). ``context``: what else is known
        of the report, such as ``{"indication": "Cough."}``, or one of them for each; kinds that the
        checkpoint was not trained with are not read, and what a text of several sections says
        itself need not be given. In a list None and NaN, as in an empty cell of a data frame, stand
        for no findings.

        Raises:
            InputError: an unknown kind of context, or another number of contexts than of findings.
            TypeError: something else than a text.
        """
        if isinstance(findings, bytes | Mapping) or not isinstance(findings, Iterable):
            kind = type(findings).__name__
            raise TypeError(f"findings must be a text, or a list of texts, not {kind}")
        texts = [findings] if isinstance(findings, str) else list(map(_as_text, findings))
        styles: Sequence[StyleSpec | None] = [None] * len(texts)
        if style is not None:
            styles = [style] * len(texts) if isinstance(style, StyleSpec) else style
        contexts = contexts_for(len(texts), context)
        plans = plans_of(texts, self._is_word, english=self.english)
        told = [row for row, plan in enumerate(plans) if plan.information.verdict == "read"]
        kinds = getattr(self.processor, "context", ())
        reports = [
            Report(str(row + 1), as_prose(_findings_of(texts[row]) if kinds else texts[row]))
            for row in told
        ]
        inputs: list[Any] = list(reports)
        if self.annotator is not None:
            annotated = self.annotator.annotate((r.uid, r.findings) for r in reports)
            rule = self.processor.settings.graph_rule
            inputs = [build_graph(report, rule) for report in annotated]
        if kinds:
            known = [_known(texts[row], contexts[row], styles[row]) for row in told]
            authors = getattr(self.processor, "authors", ())
            inputs = [
                in_context(one, has, kinds, authors) for one, has in zip(inputs, known, strict=True)
            ]
            unknown = sum(is_unknown_author(has, kinds, authors) for has in known)
            if unknown:
                logger.warning(
                    "%d of %d reports are of authors that the model does not know: written for "
                    "no author",
                    *(unknown, len(known)),
                )
        written = self._write(
            [report.findings for report in reports],
            inputs,
            batch_size=batch_size,
            consensus=consensus,
            train=train,
            **settings,
        )
        candidates = [""] * len(texts)
        agreements: list[float | None] = [None] * len(texts)
        for row, text, agreement in zip(told, *written, strict=True):
            candidates[row], agreements[row] = text, agreement
        exceeds = getattr(self.processor, "exceeds", None) if self.annotator is not None else None
        truncated = {row for row, one in zip(told, inputs, strict=True) if exceeds and exceeds(one)}
        summaries = self._summaries(candidates, agreements, plans, review_below, truncated)
        if style is not None:
            summaries = in_style(summaries, plans, [one for one in styles if one is not None])
        return summaries[0] if isinstance(findings, str) else summaries

    @property
    def english(self) -> bool:
        """Whether the model was trained on English, which the rules that check it read."""
        settings = getattr(self.processor, "settings", None)
        return getattr(settings, "english", True)

    @property
    def _is_word(self) -> Callable[[str], bool] | None:
        return getattr(self.processor, "is_word", None)

    def _summaries(
        self,
        candidates: Sequence[str],
        agreements: Sequence[float | None],
        plans: Sequence[Plan],
        review_below: float = REVIEW_BELOW,
        truncated: Container[int] = (),
    ) -> list[Summary]:
        """The candidates, checked and mended, with their evidence."""
        mended = mend(candidates, plans, self._is_word, agreements, self.pairs)
        calibration = self.consensus.calibration if self.consensus else None
        return [
            summary_of(
                plan,
                one,
                agreement=agreement,
                truncated=row in truncated,
                calibration=calibration,
                threshold=review_below,
            )
            for row, (plan, one, agreement) in enumerate(
                zip(plans, mended, agreements, strict=True)
            )
        ]

    def write(
        self,
        findings: Sequence[str],
        inputs: Sequence[Any],
        *,
        batch_size: int = 32,
        progress: bool = False,
        consensus: bool | None = None,
        checked: bool | None = None,
        train: TrainingEvidence | None = None,
        **settings: Any,
    ) -> list[str]:
        """One impression for each findings text.

        Args:
            inputs: what the model reads of each: its graph, or for a model without graphs its
                :class:`preprocessing.records.Report`.
            consensus: choose among samples (:mod:`graphsum.consensus.voting`) instead of searching;
                None: as :meth:`decodes_by_consensus` says.
            checked: whether what the model writes is checked against the findings and mended, as
                :meth:`summarize` does; None: in consensus decoding only.
            train: training reports that vote too, in consensus decoding; made once, for many calls.
            settings: fields of :class:`graphsum.decoding.beam_search.SearchSettings`.
        """
        if consensus is None:
            consensus = self.decodes_by_consensus(**settings)
        texts, agreements = self._write(
            findings,
            inputs,
            batch_size=batch_size,
            progress=progress,
            consensus=consensus,
            train=train,
            **settings,
        )
        if not (consensus if checked is None else checked):
            return texts
        plans = plans_of(findings, self._is_word, english=self.english)
        return [str(one) for one in self._summaries(texts, agreements, plans)]

    def _write(
        self,
        findings: Sequence[str],
        inputs: Sequence[Any],
        *,
        batch_size: int,
        progress: bool = False,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        **settings: Any,
    ) -> tuple[list[str], list[float | None]]:
        """What the model writes, and how far its samples agree with it (mean ROUGE, 0 to 1)."""
        if batch_size < 1:
            raise InputError(f"batch_size must be at least 1, not {batch_size}")
        if not inputs:
            return [], []
        examples = list(self.processor.examples(inputs))
        if consensus is None:
            consensus = self.decodes_by_consensus(**settings)
        if not consensus:
            texts = generate_impressions(
                self.model,
                self.processor,
                examples,
                settings=SearchSettings(**settings),
                batch_size=batch_size,
                progress=progress,
            )
            return texts, [None] * len(texts)
        chosen = self.consensus or ConsensusSettings()
        samples = sample_impressions(
            self.model,
            self.processor,
            examples,
            num_samples=chosen.num_samples,
            temperature=chosen.temperature,
            batch_size=batch_size,
            progress=progress,
        )
        texts = consensus_impressions(
            findings, samples, chosen, train=train, is_word=self.processor.is_word
        )
        return texts, [_agreement(text, own) for text, own in zip(texts, samples, strict=True)]

    def writing_order(self, inputs: Sequence[Any]) -> list[int]:
        """The rows of inputs in the order in which :meth:`write` takes them, shorter ones first.

        Parts of it of whole batches are written as all of them are in one call.
        """
        lengths = [len(example.input_ids) for example in self.processor.examples(inputs)]
        return sorted(range(len(lengths)), key=lengths.__getitem__)

    def decodes_by_consensus(self, **settings: Any) -> bool:
        """Whether consensus decoding is the default: the checkpoint says so, and nothing is said
        about a search."""
        return self.consensus is not None and not settings


def _known(text: str, given: Context | None, style: StyleSpec | None) -> Context:
    """What is known of a report: what was given, and what its text says under headings."""
    sections = extract_sections(text)
    known = dict(given or {})
    if sections.findings:
        for kind in ("indication", "comparison", "technique"):
            known[kind] = known.get(kind) or getattr(sections, kind)
    if style is not None:
        known["style"] = str(style)
        known.setdefault("author", style.author or "")
    return known


def _findings_of(text: str) -> str:
    """The findings of a report in sections; another text as it is."""
    return extract_sections(text).findings or text


def _as_text(findings: object) -> str:
    """Findings as a text; None and NaN, of an empty cell, are none."""
    if findings is None or findings != findings:  # NaN alone differs from itself
        return ""
    if not isinstance(findings, str):
        raise TypeError(f"findings must be texts, not {type(findings).__name__}")
    return findings


def _agreement(text: str, samples: Sequence[str]) -> float:
    """Mean of ROUGE-1/2/L (0 to 1) of an impression with the samples."""
    counts = Counter(samples)
    return sum(n * mean_rouge(text, one) for one, n in counts.items()) / (100 * len(samples))
