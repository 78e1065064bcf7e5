"""The arguments that many fields share, described once."""

from typing import Annotated

import strawberry

from api.scalars import Cursor
from domain.place import Crs
from domain.term import Language


def said(description: str, name: str | None = None) -> object:
    """The description of one argument, and its name where Python has the word already."""
    return strawberry.argument(description=description, name=name)


First = Annotated[int | None, said("取前几行，1 至 100。How many rows from the start, 1 to 100.")]
After = Annotated[Cursor | None, said("从此游标之后取。Rows after this cursor.")]
Last = Annotated[int | None, said("取后几行，1 至 100。How many rows from the end, 1 to 100.")]
Before = Annotated[Cursor | None, said("取此游标之前。Rows before this cursor.")]
Count = Annotated[int, said("取前几行，1 至 100。How many rows, 1 to 100.")]
Lang = Annotated[Language | None, said("文字的语言。The language of the text.")]
InCrs = Annotated[Crs | None, said("坐标系。The coordinate system to answer in.")]
Saved = Annotated[
    strawberry.ID | None,
    said("本人保存的过滤，与 where 同时成立。A filter the viewer saved; it holds together with where."),
]
