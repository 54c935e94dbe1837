"""Parquet files, by pyarrow: the extra ``tables``."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from preprocessing.errors import InputError, MissingBackendError
from preprocessing.tables.columns import check_distinct
from preprocessing.tables.rows import OpenTable, Row

_ROWS_AT_ONCE = 1024


def pyarrow_parquet() -> Any:
    """The module ``pyarrow.parquet``; ``MissingBackendError`` where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingBackendError(
            "Parquet files need pyarrow; install it with pip install 'graphsum[tables]'"
        ) from None
    return pyarrow.parquet


def open_parquet(path: Path, wanted: Collection[str] = ()) -> OpenTable:
    """A Parquet file; its Arrow schema is kept for a writer.

    Raises:
        InputError: the file cannot be read or is not whole.
        MissingBackendError: pyarrow is not installed.
    """
    parquet = pyarrow_parquet()
    with _one_line_errors(path), parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
    check_distinct(schema.names, str(path))

    def rows() -> Iterator[Row]:
        number = 0
        with _one_line_errors(path), parquet.ParquetFile(path) as file:
            groups = range(file.num_row_groups)  # earlier versions of pyarrow want one at least
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE) if groups else ():
                for values in batch.to_pylist():
                    number += 1
                    yield Row(f"{path}: row {number}", values)

    return OpenTable(path, "parquet", tuple(schema.names), rows, {"schema": schema})


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        reason = getattr(error, "strerror", None) or "not whole, or dates finer than microseconds"
        raise InputError(f"{path}: cannot be read ({reason})") from None
