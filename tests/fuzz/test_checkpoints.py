"""Damaged checkpoints: each is refused in one line, or was not damaged where it matters."""

import json
import shutil

import pytest
from damage import SECONDS, bounded, damaged, fuzz, generator_of, tell
from hypothesis import strategies as st
from tiny import PAIRS, graph_of, tiny_model, tiny_processor
from toy_annotator import ToyAnnotator

from graphsum.consensus.settings import ConsensusSettings
from graphsum.models.building import read_graphs
from graphsum.models.loading import load_model
from graphsum.models.processing import GraphSumProcessor
from graphsum.options import Progress, read_options, resolve, save_options
from graphsum.options.runs import options_of_checkpoint
from graphsum.training.checkpoints import save_model
from preprocessing.annotation.cache import annotate_reports, cache_path
from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.records import Report, from_json, to_json
from preprocessing.records import ReportGraph as Graph

REPORTS = [Report(str(n), findings, impression) for n, (findings, impression) in enumerate(PAIRS)]

odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([10**30, -1, 0, 2**31, 10**7]),
    st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=6),
    st.lists(st.integers(-3, 3), max_size=3), st.dictionaries(st.text(max_size=3), st.integers()),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    processor = tiny_processor()
    save_model(tiny_model(processor), processor, folder)
    ConsensusSettings(calibration={"agreement": 1.0}).save_pretrained(folder)
    save_options(resolve({"dataset": "sample"}), folder)
    Progress(3, 5.0, 2, 1).write(folder)
    graphs = [to_json(graph_of(report.uid, report.findings)) for report in REPORTS]
    (folder / "graphs.jsonl").write_text("".join(map(dumps, graphs)))
    return folder


def everything(folder):
    """Read all that a checkpoint has, as commands do."""
    GraphSumProcessor.from_pretrained(folder)
    load_model(folder, device="cpu")
    ConsensusSettings.from_pretrained(folder)
    options_of_checkpoint(folder)
    Progress.read(folder)


def graphs(folder):
    found = read_graphs(folder / "graphs.jsonl", REPORTS)
    processor = GraphSumProcessor.from_pretrained(folder)
    processor.collate(list(processor.examples(found)))


READERS = {
    "config.json": everything,
    "processor_config.json": everything,
    "tokenizer.json": everything,
    "tokenizer_config.json": everything,
    "consensus_config.json": everything,
    "options.yaml": everything,
    "progress.json": everything,
    "generation_config.json": everything,
    "model.safetensors": everything,
    "graphs.jsonl": graphs,
}
TEXTS = [name for name in READERS if name.endswith((".json", ".jsonl"))]


def places(value, path=()):
    """The ways to all values within a JSON value."""
    yield path
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in inner:
            yield from places(one, (*path, key))


def changed(value, path, new):
    if not path:
        return new
    value = dict(value) if isinstance(value, dict) else list(value)
    value[path[0]] = changed(value[path[0]], path[1:], new)
    return value


@pytest.mark.parametrize("kind", ["values", "bytes"])
def test_damaged_files_of_a_checkpoint(folder, tmp_path, kind):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    tried: list[int] = []
    parsed = {
        name: [json.loads(line) for line in (folder / name).read_text().splitlines()]
        if name.endswith("l")
        else json.loads((folder / name).read_text())
        for name in TEXTS
    }
    ways = {name: list(places(value)) for name, value in parsed.items()}

    def damage_values(data):
        name = data.draw(st.sampled_from(TEXTS))
        path = data.draw(st.sampled_from(ways[name]))
        value = changed(parsed[name], path, data.draw(odd))
        lines = value if name.endswith("l") and isinstance(value, list) else [value]
        (copy / name).write_text("\n".join(map(json.dumps, lines)))
        check(name)

    def damage_bytes(data):
        name = data.draw(st.sampled_from(list(READERS)))
        whole = (folder / name).read_bytes()
        content = damaged(whole, generator_of(data), within=4000)  # of weights the header
        (copy / name).write_bytes(content)
        check(name)

    def check(name):
        try:
            tried.append(0)
            bounded(READERS[name], copy)
        finally:
            shutil.copy(folder / name, copy / name)

    damage = damage_values if kind == "values" else damage_bytes
    assert fuzz(SECONDS * 0.25, damage) >= 5
    tell(f"damaged files of checkpoints, {kind}", len(tried))


def test_damaged_annotation_caches_are_made_again(tmp_path):
    annotator = ToyAnnotator()
    options = {"cache_dir": tmp_path, "corpus": "toy", "progress": False}
    whole = annotate_reports(REPORTS, annotator, **options)
    path = cache_path(REPORTS, annotator, cache_dir=tmp_path, corpus="toy")
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    assert annotate_reports(REPORTS, annotator, **options) == whole

    def damage(data):
        generator = generator_of(data)
        spoiled = bytearray(content)
        start = generator.randrange(len(spoiled))
        end = start + generator.randint(0, 9)
        spoiled[start:end] = generator.randbytes(generator.randint(0, 9))
        path.write_bytes(spoiled)
        assert annotate_reports(REPORTS, annotator, **options) == whole

    calls = fuzz(SECONDS * 0.1, damage)
    assert calls >= 20
    tell("damaged annotation caches", calls)


@pytest.mark.parametrize(
    "change",
    [{"words": ["a"]}, {"sentence_starts": [1]}, {"sentence_starts": []}, {"key_words": [3, 1]},
     {"key_words": [99]}, {"key_words": ["1"]}, {"edges": [[0, 99, "dep"]]},
     {"edges": [[-1, 0, "dep"]]},
     {"edges": [[0, 1, "unheard-of"]]}, {"edges": [[0, 1]]}, {"uid": 0}, {"words": "text"},
     {"edges": [[0.0, 1, "dep"]]}, {"sentence_starts": [0, 0]}, {"key_words": [True]}],
)  # fmt: skip
def test_graphs_that_are_none_are_refused(folder, tmp_path, change):
    lines = [json.loads(line) for line in (folder / "graphs.jsonl").read_text().splitlines()]
    path = tmp_path / "graphs.jsonl"
    path.write_text("".join(map(dumps, [lines[0] | change, *lines[1:]])))
    with pytest.raises(InputError, match="record 1"):
        read_graphs(path, REPORTS)


def test_a_second_graph_of_a_report_is_refused(folder, tmp_path):
    text = (folder / "graphs.jsonl").read_text()
    (tmp_path / "graphs.jsonl").write_text(text + text.splitlines()[0] + "\n")
    with pytest.raises(InputError, match="second graph of report 0"):
        read_graphs(tmp_path / "graphs.jsonl", REPORTS)


def test_a_graph_comes_back():
    graph = graph_of("1", PAIRS[0][0])
    assert from_json(Graph, json.loads(dumps(to_json(graph)))) == graph


@pytest.mark.parametrize(
    "text",
    ["lr: " + "9" * 400, "lr: .nan", "lr: 2024-01-01", "max_steps: 0x" + "f" * 5000, "columns: [1]",
     "columns: {a: 3}", "dataset: !!timestamp 2024-01-01", "preset: [[[[]]]]", "1: 2", "null: 3"],
)  # fmt: skip
def test_options_of_a_wrong_kind_are_one_short_line(tmp_path, text):
    path = tmp_path / "options.yaml"
    path.write_text(text + "\n")
    with pytest.raises(InputError) as error:
        resolve(read_options(path))
    assert len(str(error.value)) < 300
