"""Tables of variants: what is found under a name, and the one error for a wrong name."""

import json

import pytest

from preprocessing.errors import InputError
from preprocessing.registry import Table, load, unknown_name

TABLE: Table[object] = Table("reader", {"seven": 7, "json": "json:loads", "gone": "no_module:x"})


def test_an_entry_is_an_object_or_the_place_where_it_is_found() -> None:
    assert load(TABLE, "seven") == 7
    assert load(TABLE, "json") is json.loads
    assert list(TABLE) == ["seven", "json", "gone"]  # nothing is imported before it is asked for
    with pytest.raises(ModuleNotFoundError):
        load(TABLE, "gone")


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    with pytest.raises(InputError) as error:
        load(TABLE, "jsn")
    assert str(error.value) == (
        "unknown reader 'jsn' (did you mean 'json'?); choose from seven, json, gone"
    )
    assert str(unknown_name("split", "zz", ("a", "b"))) == "unknown split 'zz'; choose from a, b"
