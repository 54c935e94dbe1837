"""Trainings of a few steps of a tiny model."""

SMALL = (
    "--preset tiny --d-model 32 --decoder-ffn-dim 64 --graph-width 8 --encoder-layers 1 "
    "--decoder-layers 1 --vocab-size 300 --batch-size 8 --warmup 5 --encoder-warmup 5 "
    "--log-every 1 --validation-reports 4"
).split()


def command(reports_file, run, *options):
    """``train.py`` with its arguments, for a run on a jsonl corpus."""
    return [
        "train.py", "--dataset", "jsonl", "--data-dir", str(reports_file), *SMALL,
        "--cache-dir", str(reports_file.parent / "cache"), "--output-dir", str(run), *options,
    ]  # fmt: skip
