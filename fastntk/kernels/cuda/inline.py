"""Scalar formulas as straight-line text: how one formula reaches a second compiler.

The formulas of `fastntk.kernels.formulas`, and the bodies of the CPU ops around them,
are pure functions of a few numbers. An `Inliner` writes a call of one into the text of
a CUDA kernel, statement by statement: calls inside are written out too, what is known
beforehand (slots, flags, tables, constants) is evaluated, constants are rounded to the
compute dtype once, selects become ``selp``. So an op is one flat function of numbers,
without closures or a number of another dtype, which every CUDA compiler and the
simulator understand alike, and a new op needs no line of CUDA.

A strip is one variable here: ``for j in range(len(x)): x[j] = ...`` is its body, once.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import operator
import textwrap
from collections.abc import Callable
from typing import Any

from fastntk.kernels.cuda.text import ONCE, Index, KernelText, Known, Strip, Text

__all__ = ["Inliner"]

UNROLLED = 16  # turns of a loop that are written out; longer ones stay loops


_BINARY: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Mod: ("%", operator.mod),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Pow: ("**", operator.pow),
    ast.BitAnd: ("&", operator.and_),
}
_COMPARE: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
}
# what a kernel's module holds under these names
_FUNCTIONS = {"math.copysign": "copysign", "abs": "abs"}


@functools.cache
def _definition(function: Any) -> ast.FunctionDef:
    """Return the syntax tree of a function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


class Inliner(KernelText):
    """The text of a kernel, with calls of formulas written out."""

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Write a call of a formula out; return what it returns, as texts."""
        return _Frame(self, function).run(args)


class _Return(Exception):
    """A value on its way out of a function."""


class _Continue(Exception):
    """The rest of a loop's body is left out."""


class _Frame:
    """One function while it is written out."""

    def __init__(self, out: Inliner, function: Callable[..., Any]) -> None:
        self.out = out
        self.function = function
        self.globals: dict[str, Any] = getattr(function, "__globals__", {})
        self.names: dict[str, Any] = {}

    def run(self, args: tuple[Any, ...]) -> Any:
        """Write the body out and return the value."""
        definition = _definition(self.function)
        parameters = [p.arg for p in definition.args.args]
        assert len(parameters) == len(args), (self.function, args)
        for name, value in zip(parameters, args, strict=True):
            self.names[name] = self.simple(value, name)
        try:
            self.statements(definition.body)
        except _Return as result:
            return result.args[0]
        return None

    def simple(self, value: Any, name: str) -> Any:
        """Return a value, a longer expression as a variable."""
        is_long = isinstance(value, Text) and not isinstance(value, Known)
        return self.out.new(value, name) if is_long and "(" in value else value

    # --- statements ---------------------------------------------------------------

    def statements(self, body: list[ast.stmt]) -> None:
        """Write statements out."""
        for k, node in enumerate(body):
            if isinstance(node, ast.If):
                condition = self.value(node.test)
                if isinstance(condition, str) and not isinstance(condition, Known):
                    self.branch(condition, node, body[k + 1 :])
                    return
                # with the rest: a branch inside may leave all of it out
                chosen = node.body if condition else node.orelse
                self.statements([*chosen, *body[k + 1 :]])
                return
            self.method(node)(node)

    def branch(self, condition: str, node: ast.If, rest: list[ast.stmt]) -> None:
        """Write an ``if`` that the kernel decides, and what follows it."""
        is_done = isinstance(node.body[-1], ast.Continue)
        with self.out.block(f"if {condition}:"), contextlib.suppress(_Continue):
            self.statements(node.body)
        if is_done:
            with self.out.block("else:"):
                self.statements([*node.orelse, *rest])
            return
        if node.orelse:
            with self.out.block("else:"):
                self.statements(node.orelse)
        self.statements(rest)

    def method(self, node: ast.AST) -> Callable[[Any], Any]:
        """Return what writes a node out."""
        found: Callable[[Any], Any] = getattr(self, "_" + type(node).__name__.lower())
        return found

    def _return(self, node: ast.Return) -> None:
        raise _Return(None if node.value is None else self.value(node.value))

    def _continue(self, node: ast.Continue) -> None:
        raise _Continue

    def _expr(self, node: ast.Expr) -> None:
        self.value(node.value)

    def _assign(self, node: ast.Assign) -> None:
        self.store(node.targets[0], self.value(node.value))

    def _annassign(self, node: ast.AnnAssign) -> None:
        assert node.value is not None
        self.store(node.target, self.value(node.value))

    def _augassign(self, node: ast.AugAssign) -> None:
        both = ast.BinOp(node.target, node.op, node.value)
        self.store(node.target, self.value(both))

    def _for(self, node: ast.For) -> None:
        assert isinstance(node.target, ast.Name)
        turns = self.value(node.iter)
        if isinstance(turns, range) and len(turns) > UNROLLED:
            self.loop(node.target.id, turns, node.body)
            return
        for self.names[node.target.id] in turns:
            with contextlib.suppress(_Continue):
                self.statements(node.body)

    def loop(self, name: str, turns: range, body: list[ast.stmt]) -> None:
        """Write a loop over row tables as a loop of the kernel."""
        count = self.out.name("turn")
        with self.out.block(f"for {count} in range(U0, U{len(turns)}, U1):"):
            sign = "-" if turns.step < 0 else "+"
            step = f"{count} * U{abs(turns.step)}"
            text = f"U{turns.start} {sign} {step}"
            self.names[name] = Index(self.out.new(text, name))
            self.statements(body)

    def store(self, target: ast.expr, value: Any) -> None:
        """Assign a value to names, a strip's element, or a tuple of these."""
        if isinstance(target, ast.Tuple):
            # all of them before any: a strip may be read by the second
            parts = [self.simple(part, "part") for part in value]
            for goal, part in zip(target.elts, parts, strict=True):
                self.store(goal, part)
        elif isinstance(target, ast.Subscript):
            strip = self.value(target.value)
            assert isinstance(strip, Strip), ast.unparse(target)
            self.out.line(f"{strip} = {self.out.text(value)}")
        else:
            assert isinstance(target, ast.Name)
            # strips stay what they are; other numbers are copied: a strip may change
            if isinstance(value, Text) and not isinstance(value, Known | Strip):
                value = self.out.new(value, target.id)
            self.names[target.id] = value

    # --- expressions --------------------------------------------------------------

    def value(self, node: ast.expr) -> Any:
        """Return a Python value, or the text of one that the kernel computes."""
        return self.method(node)(node)

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.value(part) for part in node.elts)

    def _slice(self, node: ast.Slice) -> Any:
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.value(part) for part in parts))

    def _name(self, node: ast.Name) -> Any:
        for names in (self.names, self.globals, _BUILTINS):
            if node.id in names:
                return names[node.id]
        raise NameError(node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        return getattr(self.value(node.value), node.attr)

    def _subscript(self, node: ast.Subscript) -> Any:
        item, index = self.value(node.value), self.value(node.slice)
        if isinstance(item, str):  # a strip: one element, or a part of it
            is_element = index is ONCE or index == 0
            return Text(item) if is_element else item
        return item[index]

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return Text(f"(not {value})") if isinstance(value, str) else not value
        assert isinstance(node.op, ast.USub)
        return Text(f"(-{value})") if isinstance(value, str) else -value

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        sign, function = _BINARY[type(node.op)]
        if not isinstance(left, str) and not isinstance(right, str):
            return function(left, right)
        assert isinstance(left, str) and isinstance(right, str), ast.unparse(node)
        if sign == "/":
            return self.out.quotient(left, right)
        return Text(f"({left} {sign} {right})")

    def _boolop(self, node: ast.BoolOp) -> Any:
        is_and = isinstance(node.op, ast.And)
        texts: list[str] = []
        for part in node.values:
            value = self.value(part)
            if isinstance(value, str):
                texts.append(value)
            elif bool(value) != is_and:
                return value
        joined = (" & " if is_and else " | ").join(texts)
        return Text(f"({joined})") if texts else is_and

    def _compare(self, node: ast.Compare) -> Any:
        left, right = self.value(node.left), self.value(node.comparators[0])
        sign, function = _COMPARE[type(node.ops[0])]
        if all(isinstance(v, Known) or not isinstance(v, str) for v in (left, right)):
            return function(_known(left), _known(right))
        return Text(f"({self.out.text(left)} {sign} {self.out.text(right)})")

    def _ifexp(self, node: ast.IfExp) -> Any:
        condition = self.value(node.test)
        if not isinstance(condition, str):
            return self.value(node.body if condition else node.orelse)
        first, second = self.value(node.body), self.value(node.orelse)
        assert isinstance(first, str) and isinstance(second, str), ast.unparse(node)
        return Text(f"cuda.selp({condition}, {first}, {second})")

    def _call(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        args = [self.value(arg) for arg in node.args]
        if name == "math.sqrt" and isinstance(args[0], str):
            return self.out.root(args[0])
        if name in _FUNCTIONS and any(isinstance(arg, str) for arg in args):
            return Text(f"{_FUNCTIONS[name]}({', '.join(map(self.out.text, args))})")
        function = self.value(node.func)
        if function in self.out.functions:
            return self.out.functions[function](*args)
        if function in (len, min, max, range) and _runs_once(function, args):
            return [ONCE] if function is range else ONCE
        if function in _BUILTINS.values() or name.startswith("math."):
            return function(*map(_known, args))
        return self.out.call(function, *args)


def _known(value: Any) -> Any:
    """Return the number behind a name."""
    return value.number if isinstance(value, Known) else value


def _runs_once(function: Any, args: list[Any]) -> bool:
    """Return whether a length or a range is that of a strip."""
    is_length = function is len and isinstance(args[0], str)
    return is_length or any(arg is ONCE for arg in args)


_BUILTINS: dict[str, Any] = {
    f.__name__: f for f in (abs, bool, float, int, len, max, min, range, tuple)
}
