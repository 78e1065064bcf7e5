"""Code enums whose every value carries its Chinese and English label (design §8)."""

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A closed vocabulary of the trade: `NAME = "NAME", "中文", "English"`.

    The labels are served by `enumLabels(lang:)`; the class docstring is the GraphQL description.
    """

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        """Keep the two labels beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member


class Language(Term):
    """语言: the language of localised texts."""

    ZH = "ZH", "中文", "Chinese"
    EN = "EN", "英文", "English"
