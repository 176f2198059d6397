"""Tokens that are several words, and nodes that are none, as CoNLL-U numbers them.

A line numbered ``2-3`` is a token of the text, whose words 2 and 3 follow it; ``3.1`` is a node
that stands nowhere in the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.errors import InvalidFile
from app.formats.conll_spans import Column, is_marked, is_tag, not_a_tag

NUMBER = re.compile(
    r"(?P<first>[0-9]{1,9})(-(?P<last>[0-9]{1,9})|(?P<node>\.[0-9]{1,9}))?", re.ASCII
)

Values = Sequence[tuple[Column, str]]
"""What stands in a line, by its column."""


@dataclass(slots=True)
class Range:
    """A token with the numbers of its words and its offsets, and the columns where it has a tag."""

    first: int
    last: int
    start: int
    end: int
    tagged: set[Column] = field(default_factory=set)


def take(values: Values, start: int, end: int, line: int) -> None:
    """Take the values of a token, some of which may be no tags."""
    for column, value in values:
        _take(column, value, start, end, line)


def take_range(words: Range, values: Values, line: int) -> None:
    """Take those of a token of several words: it may be tagged itself, but mostly its words are."""
    for column, value in values:
        if is_marked(value):
            words.tagged.add(column)
            column.take(value, words.start, words.end, line)
        elif not is_tag(value):
            column.doubt(value, line, not_a_tag(value))


def take_word(words: Range, values: Values, line: int) -> None:
    """Take those of a word of such a token, whose place the word has."""
    for column, value in values:
        if column not in words.tagged:
            _take(column, value, words.start, words.end, line)
        elif is_marked(value):
            column.doubt(value, line, InvalidFile("The token of this word has a tag already."))


def pass_node(values: Values, line: int) -> None:
    """Pass over a node that stands nowhere; a tag of it must not be lost without a word."""
    for column, value in values:
        if is_marked(value):
            column.doubt(value, line, InvalidFile("An empty node has no place for a tag."))


def _take(column: Column, value: str, start: int, end: int, line: int) -> None:
    try:
        column.take(value, start, end, line)
    except InvalidFile as problem:
        column.doubt(value, line, problem)
