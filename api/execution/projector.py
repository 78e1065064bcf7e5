"""Items of streams, written by generated functions: the selection of a subscription's one field (ADR 11)."""

from dataclasses import dataclass

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from api.execution.compiler import Compiler
from api.execution.levels import Written
from api.execution.run import Run
from api.execution.selection import NotCompiledError, Selected, Selections


@dataclass(frozen=True, slots=True)
class Projector:
    """From the value of the field to the bytes of the response's `data`."""

    head: bytes
    written: Written

    async def data(self, value: object, run: Run) -> bytes:
        """The same bytes as the ordinary executor's. Raises Deviation, or whatever stands in the way."""
        (text,) = await self.written.texts((value,), run)
        return b"%b%b}" % (self.head, text.encode())


def projector(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
) -> Projector:
    """What writes the items of a subscription. Raises NotCompiledError with the reason."""
    if schema.subscription_type is None:
        raise NotCompiledError("no subscriptions")
    selections = Selections(schema, document, operation, variables)
    roots = list(selections.root(schema.subscription_type))
    root = roots[0] if len(roots) == 1 else ""
    if not isinstance(root, Selected):
        raise NotCompiledError("not one field")
    return Projector(b'{"%b":' % root.key.encode(), Compiler(selections).written(root))
