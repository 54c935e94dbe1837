"""Evaluation: the scoring report, its tables, files of predictions."""
