"""Categories, regions and labels."""

from typing import Annotated

import strawberry

from api.scalars import DateTime
from api.schema.argument import Lang, said
from api.schema.dictionary import Category, EnumLabels, all_labels
from api.schema.region import Region
from api.schema.words import Info, resolver
from db import dictionaries, regions
from domain.term import Language


@strawberry.type
class DictionaryQueries:
    """What rarely changes."""

    @resolver("全部分类，三级平铺。The whole category tree, flat.")
    async def categories(
        self,
        info: Info,
        at: Annotated[
            DateTime | None,
            said("只列该时刻在用者，内容亦为当时的。Only those in use at that moment, as they were then."),
        ] = None,
    ) -> list[Category]:
        """By code."""
        viewer = info.context.require_viewer()
        if at is None:
            rows = await dictionaries.categories(viewer=viewer)
        else:
            rows = await dictionaries.categories_at(at, viewer=viewer)
        return [Category.of(row) for row in rows]

    @resolver("现行区划，自区县起。The divisions in force, from the district down.")
    async def regions(self, info: Info) -> list[Region] | None:
        """By code."""
        rows = await regions.in_force(viewer=info.context.require_viewer())
        return [Region.of(row) for row in rows]

    @resolver("全部枚举的标签，无需登录。The labels of every enum; no sign-in.")
    def enum_labels(self, lang: Lang = Language.ZH) -> list[EnumLabels]:
        """In the language asked for."""
        return all_labels(lang or Language.ZH)
