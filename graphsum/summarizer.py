"""The five-line public API: findings in, impression out."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from graphsum.consensus.neighbours import TrainingEvidence
from graphsum.consensus.settings import ConsensusSettings
from graphsum.consensus.voting import consensus_impressions
from graphsum.models.generation import SearchSettings, generate_impressions, sample_impressions
from graphsum.models.loading import load_model
from graphsum.models.types import model_type_of
from graphsum.options.runs import find_checkpoint
from preprocessing.annotation import Annotator, shared_annotator
from preprocessing.errors import InputError
from preprocessing.graphs import build_graph
from preprocessing.records import Report

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
    ) -> None:
        """``annotator``: None for a model that reads the findings' text alone. ``consensus``:
        settings with which consensus decoding is the default; None: search."""
        self.model = model.eval()
        self.processor = processor
        self.annotator = annotator
        self.consensus = consensus

    @classmethod
    def from_pretrained(
        cls,
        checkpoint: str | Path | None = None,
        *,
        device: str | None = None,
        annotator_model: str | None = None,
        llm: str | None = None,
    ) -> "Summarizer":
        """Load a checkpoint or run folder; None: the newest finished run.

        Runs are looked for under ``checkpoints/``. The shipped checkpoint is taken before a run on
        the invented ``sample``.

        Args:
            device: ``cpu``, ``cuda``, ...; by default a GPU when there is one.
            annotator_model: folder of the annotator's models, when not in its usual place.
            llm: folder of the LLM that the checkpoint was trained with, when it has moved.

        Raises:
            InputError: no checkpoint there, or it cannot be read.
            MissingBackendError: the annotator it was trained with is not installed.
        """
        folder = find_checkpoint(checkpoint, for_use=True)
        model_type = model_type_of(folder)
        processor = model_type.part("processor").from_pretrained(folder)
        consensus = ConsensusSettings.from_pretrained(folder)
        if not model_type.reads_graphs:
            model = load_model(folder, device=device, llm=llm)
            return cls(model, processor, None, consensus=consensus)
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
        model = load_model(folder, device=device, llm=llm)
        return cls(model, processor, annotator, consensus=consensus)

    @overload
    def summarize(
        self,
        findings: str,
        *,
        batch_size: int = 32,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        **settings: Any,
    ) -> str: ...
    @overload
    def summarize(
        self,
        findings: Sequence[str],
        *,
        batch_size: int = 32,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        **settings: Any,
    ) -> list[str]: ...
    def summarize(
        self,
        findings: str | Sequence[str],
        *,
        batch_size: int = 32,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        **settings: Any,
    ) -> str | list[str]:
        """The impression of one findings text, or a list of them for a list.

        Findings longer than the encoder reads lose sentences from their end, with a warning in
        the log. ``consensus``, ``train`` and ``settings``: see :meth:`write`.

        Raises:
            InputError: findings without a single word.
        """
        texts = [findings] if isinstance(findings, str) else list(findings)
        for number, text in enumerate(texts, 1):
            if not any(character.isalnum() for character in text):
                raise InputError(f"findings {number} of {len(texts)}: empty; nothing to summarise")
        inputs: list[Any] = [Report(str(n), text) for n, text in enumerate(texts, 1)]
        if self.annotator is not None:
            annotated = self.annotator.annotate((r.uid, r.findings) for r in inputs)
            rule = self.processor.settings.graph_rule
            inputs = [build_graph(report, rule) for report in annotated]
        impressions = self.write(
            texts, inputs, batch_size=batch_size, consensus=consensus, train=train, **settings
        )
        return impressions[0] if isinstance(findings, str) else impressions

    def write(
        self,
        findings: Sequence[str],
        inputs: Sequence[Any],
        *,
        batch_size: int = 32,
        progress: bool = False,
        consensus: bool | None = None,
        train: TrainingEvidence | None = None,
        **settings: Any,
    ) -> list[str]:
        """One impression for each findings text.

        Args:
            inputs: what the model reads of each: its graph, or for a model without graphs its
                :class:`preprocessing.records.Report`.
            consensus: choose among samples (:mod:`graphsum.consensus.voting`) instead of searching;
                None: as :meth:`decodes_by_consensus` says.
            train: training reports that vote too, in consensus decoding; made once, for many calls.
            settings: fields of :class:`graphsum.decoding.beam_search.SearchSettings`.
        """
        examples = list(self.processor.examples(inputs))
        if consensus is None:
            consensus = self.decodes_by_consensus(**settings)
        if not consensus:
            return generate_impressions(
                self.model,
                self.processor,
                examples,
                settings=SearchSettings(**settings),
                batch_size=batch_size,
                progress=progress,
            )
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
        return consensus_impressions(
            findings, samples, chosen, train=train, is_word=self.processor.is_word
        )

    def decodes_by_consensus(self, **settings: Any) -> bool:
        """Whether consensus decoding is the default: the checkpoint says so, and nothing is said
        about a search."""
        return self.consensus is not None and not settings
