"""Plans by document, and whether the compiled way answered: what stands between the engine and its executor."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from api.execution.plan import Plan, choices, compiled
from api.execution.projector import Alike, ObservedRun, Projector, projector
from api.execution.ready import ReadyCases
from api.execution.references import References
from api.execution.run import Deviation, Run, RunContext
from api.execution.selection import NotCompiledError, Variables, conditions
from api.execution.subjects import Eyes, Subjects
from db.engines.faults import Contention
from domain.errors import DomainError, ErrorCode
from domain.event import Event

_MEGABYTE = 1024 * 1024
MOST_VARIANTS = 16
"""Plans of one operation, one for each way its conditions fall; more run on the ordinary executor."""


@dataclass(slots=True)
class Prepared:
    """What is kept of one operation of a cached document."""

    variables: Variables
    conditions: tuple[str, ...]
    variants: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    form: Any = None


class Plans:
    """One per engine. `fallbacks` counts by reason what the ordinary executor had to answer, `answered` the rest."""

    def __init__(self, schema: GraphQLSchema, ready_megabytes: int) -> None:
        self._schema = schema
        self.references = References()
        self.ready = ReadyCases(ready_megabytes * _MEGABYTE)
        self.answered = 0
        self.fallbacks: Counter[str] = Counter()
        self.subjects = Subjects()
        self.alike = Alike(self.subjects)
        self.told_compiled = 0
        self.told_ordinary: Counter[str] = Counter()

    def hear(self, events: Iterable[Event]) -> None:
        """Drop what these events change."""
        events = tuple(events)
        self.subjects.hear(events)
        if self.references.hear(events):
            self.ready.forget()

    async def data(
        self,
        kept: dict[str | None, Any],
        name: str | None,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        context: RunContext,
        seconds: float,
    ) -> bytes | None:
        """The response's `data` as the plan writes it; None where the ordinary executor must answer.

        Raises TimeoutError when the store gave up, or after `seconds`: the ordinary executor would take longer still.
        A flat plan is a few statements, each of which the store ends by itself.
        """
        try:
            prepared: Prepared | None = kept.get(name)
            if prepared is None:
                prepared = kept[name] = Prepared(Variables(self._schema, operation), conditions(document))
            given = prepared.variables.values(variables)
            plan = self._plan(prepared, document, operation, given)
            found = await _answered(plan, Run(context, given, self.references, self.ready), seconds)
        except (NotCompiledError, Deviation) as deviation:
            self.fallbacks[deviation.reason] += 1
            return None
        except DomainError as refusal:
            if refusal.code is ErrorCode.TOO_COSTLY and refusal.facts.get("what") == "seconds":
                raise TimeoutError from refusal
            self.fallbacks["refused"] += 1
            return None
        except TimeoutError:
            raise
        except GraphQLError:
            self.fallbacks["refused"] += 1
            return None
        except Exception as error:  # noqa: BLE001 - the ordinary executor says what is wrong, and logs it if it is
            self.fallbacks[f"error {type(error).__name__}"] += 1
            return None
        self.answered += 1
        return found

    def teller(self, operation: Any) -> "Teller | str":  # noqa: ANN401 - a prepared one
        """What writes the items of a subscription; where the ordinary executor has to: why."""
        kept, name, chosen = operation.plans, operation.request.operation_name, operation.chosen
        try:
            prepared: Prepared | None = kept.get(name)
            if prepared is None:
                prepared = kept[name] = Prepared(
                    Variables(self._schema, chosen), conditions(operation.document)
                )
            given = prepared.variables.values(operation.request.variables)
            made = self._variant(
                prepared, given, lambda: projector(self._schema, operation.document, chosen, given)
            )
        except NotCompiledError as refusal:
            return refusal.reason
        apart = prepared.form.apart(operation.request.variables) if prepared.form is not None else None
        return Teller(self, made, given, apart)

    def _plan(
        self,
        prepared: Prepared,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        given: VariableValues,
    ) -> Plan:
        plan: Plan = self._variant(
            prepared, given, lambda: compiled(self._schema, document, operation, given)
        )
        return plan

    @staticmethod
    def _variant(prepared: Prepared, given: VariableValues, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - a plan or a projector
        chosen = choices(given, prepared.conditions) if prepared.conditions else ()
        plan = prepared.variants.get(chosen)
        if plan is None:
            if len(prepared.variants) >= MOST_VARIANTS:
                raise NotCompiledError("too many conditions")
            try:
                plan = make()
            except NotCompiledError as refusal:
                plan = refusal.reason
            prepared.variants[chosen] = plan
        if isinstance(plan, str):
            raise NotCompiledError(plan)
        return plan


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes the items of one subscription for a class of viewers; `apart` are the variables as one text."""

    plans: Plans
    projector: Projector
    given: VariableValues
    apart: bytes | None

    def again(self, item: Hashable, eyes: Eyes) -> bytes | None:
        """The `data` of an item as it was written for another class that sees the same; None: it must be written."""
        if self.apart is None:
            return None
        found = self.plans.alike.find(self.projector, (self.apart, item), eyes)
        self.plans.told_compiled += found is not None
        return found

    async def data(self, value: object, context: RunContext, eyes: Eyes, item: Hashable) -> bytes | None:
        """The `data` of one item; None where the ordinary executor must write it. `item` names it for `again`."""
        plans, since = self.plans, self.plans.subjects.generation
        run = ObservedRun(
            context, self.given, plans.references, plans.ready, subjects=plans.subjects, eyes=eyes
        )
        try:
            data = await self.projector.data(value, run)
            if item is not None and self.apart is not None:
                plans.alike.keep(self.projector, (self.apart, item), run, data, since)
        except Deviation as deviation:
            plans.told_ordinary[deviation.reason] += 1
            return None
        except (DomainError, Contention) as refusal:
            if isinstance(refusal, Contention) or refusal.code is ErrorCode.UNAVAILABLE:
                raise  # a store that is away costs delay, and no item its case
            plans.told_ordinary["refused"] += 1
            return None
        except Exception as error:  # noqa: BLE001 - the ordinary executor says what is wrong, and logs it if it is
            plans.told_ordinary[f"error {type(error).__name__}"] += 1
            return None
        plans.told_compiled += 1
        return data


async def _answered(plan: Plan, run: Run, seconds: float) -> bytes:
    if plan.flat:
        return await plan.data(run)
    async with asyncio.timeout(seconds):
        return await plan.data(run)
