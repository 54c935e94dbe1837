"""Which style the options of a command ask for, of all reports or of each by its author."""

from graphsum.personal.profile import StyleProfile, load_profile
from graphsum.personal.style import STYLE_VALUES, StyleSpec, parse_style
from preprocessing.errors import InputError


def chosen_style(
    style: str | None, profile: str | None, author: str | None
) -> tuple[StyleSpec | None, bool]:
    """The style, and whether its author is in the profile (true where none is named).

    Args:
        style: the text form; it overrules the author's habits.
        profile: a profile's file, or ``FILE#AUTHOR``.
        author: the author, where ``profile`` does not name one.

    Raises:
        InputError: an unknown style, a damaged profile, an author without a profile or given twice.
    """
    given = parse_style(style) if style is not None else None
    if profile is None:
        if author is not None:
            raise InputError("--author is looked up in --style-profile FILE; give both")
        return given, True
    path, separator, named = profile.partition("#")
    if separator and author is not None:
        raise InputError("--author and --style-profile FILE#AUTHOR: name the author once")
    author = named if separator else author
    habits, known = style_in(load_profile(path), author)
    return (habits if given is None else _overruled(habits, given)), known


def style_in(profile: StyleProfile, author: str | None) -> tuple[StyleSpec, bool]:
    """The style of an author, or the mean of all for an unknown one (False) or none (True)."""
    if author is None:
        return profile.mean.style, True
    own = profile.style_of(author)
    return (profile.mean.style, False) if own is None else (own, True)


class AuthorStyles:
    """The style of each report by its author, from a profile; ``unknown`` counts the others.

    Reports of unknown authors, and without author, are written by the mean of all.
    """

    def __init__(self, style: str | None, profile: str) -> None:
        """As :func:`chosen_style` takes them."""
        self._given = parse_style(style) if style is not None else None
        self._profile = load_profile(profile)
        self.unknown = 0

    def of(self, author: str) -> StyleSpec:
        habits, known = style_in(self._profile, author or None)
        self.unknown += not known
        return habits if self._given is None else _overruled(habits, self._given)


def _overruled(habits: StyleSpec, given: StyleSpec) -> StyleSpec:
    named = {name: getattr(given, name) or getattr(habits, name) for name in STYLE_VALUES}
    return StyleSpec(**named, author=habits.author, normal=habits.normal)
