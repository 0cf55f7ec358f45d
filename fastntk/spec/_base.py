"""``Spec``: what every layer description is, and the registry of their names."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self, cast

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._axes import axis_fields

__all__ = ["Spec", "as_spec", "known_layers"]

_REGISTRY: dict[str, type["Spec"]] = {}


class Spec:
    """Description of a layer or of a whole network: plain data, nothing else.

    A subclass is a frozen dataclass whose fields are numbers, strings, None,
    other specs, or tuples of these.  From its fields alone it gets equality,
    hashing, pickling, a ``repr`` that is the constructor call, and conversion
    to and from dictionaries.  Defining the subclass registers it under its
    class name, so that a new layer needs no edit elsewhere but its import.

    Notes
    -----
    Subclasses check and convert their fields in ``__post_init__`` and raise
    `NetworkError` with a message that starts with the layer.
    """

    stax_name: ClassVar[str]
    """Name of the constructor in `fastntk.stax`; the class name by default."""

    nesting = 0  # levels of layers within layers; no field, so no part of the value
    names_axes = False  # whether an axis is written in another way than 0 or -1
    axis_remedy = ""  # what to do about a wrong one

    def __init_subclass__(
        cls, *, stax_name: str | None = None, is_layer: bool = True
    ) -> None:
        super().__init_subclass__()
        cls.stax_name = cls.__name__ if stax_name is None else stax_name
        if not is_layer or cls.__name__.startswith("_"):  # a base, or a helper
            return
        known = _REGISTRY.setdefault(cls.__name__, cls)
        if known.__module__ != cls.__module__:
            raise TypeError(
                f"two layers are called {cls.__name__!r}: one in "
                f"{known.__module__}, one in {cls.__module__}; rename one"
            )
        _REGISTRY[cls.__name__] = cls

    def __repr__(self) -> str:
        return f"{self.stax_name}({', '.join(self._repr_arguments())})"

    def _repr_arguments(self) -> Iterator[str]:
        """Yield required fields by position, others by keyword if not default."""
        for field in _fields(self):
            value = getattr(self, field.name)
            if _is_required(field):
                yield _written(value)
            elif value is not field.default and not _equals(value, field.default):
                yield f"{field.name}={_written(value)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as a dictionary of JSON types.

        Returns
        -------
        dict
            ``{"layer": class name, field: value, ...}`` with every field, also
            those at their default, but for axes, which stand here only if they
            are written in another way; tuples become lists, nested specs
            dictionaries.

        Examples
        --------
        >>> from fastntk.spec import Erf
        >>> Erf(a=2.0).to_dict()
        {'layer': 'Erf', 'a': 2.0, 'b': 1.0, 'c': 0.0}
        """
        usual = axis_fields(self).items()
        values = {
            field.name: _encode(getattr(self, field.name))
            for field in _fields(self)
            if (field.name, getattr(self, field.name)) not in usual
        }
        return {"layer": type(self).__name__, **values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the layer that `to_dict` described.

        Parameters
        ----------
        data : mapping
            As returned by `to_dict`.  Fields with a default may be missing.

        Returns
        -------
        Spec
            Equal to the spec that was written.

        Raises
        ------
        NetworkError
            If the layer or one of its fields is unknown, a required field is
            missing, a value is not allowed, or the layer is no ``cls``.

        Examples
        --------
        >>> from fastntk.spec import Spec
        >>> Spec.from_dict({"layer": "LeakyRelu", "alpha": 0.1})
        LeakyRelu(0.1)
        """
        layer, values = _layer_and_values(data)
        if not issubclass(layer, cls):
            raise NetworkError(
                f"{layer.__name__}: found this layer in a description where "
                f"{cls.__name__} was expected; use Spec.from_dict for any layer"
            )
        return layer(**{key: _decode(value) for key, value in values.items()})


def _written(value: Any) -> str:
    """Return a field as it is written in a call; one of a wrong kind in a few words."""
    return repr(value) if _is_plain(value) else shown(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, int | float | str | Spec)


def _equals(value: Any, default: Any) -> bool:
    """Say whether a field, of any kind so far, is its default."""
    return _is_plain(value) and bool(value == default)


def as_spec(net: Any) -> Spec:
    """Return the spec of a network or of a spec itself.

    Raises
    ------
    NetworkError
        If it is neither.
    """
    spec = getattr(net, "spec", net)
    if not isinstance(spec, Spec):
        raise NetworkError(
            f"net: found {shown(net)}; expected a network made by "
            "fastntk.stax, e.g. stax.serial(stax.Dense(512), stax.Relu(), "
            "stax.Dense(1))"
        )
    return spec


def known_layers() -> tuple[str, ...]:
    """Return the sorted names of all layers that can be read from a dictionary."""
    return tuple(sorted(_REGISTRY))


def _layer_and_values(data: Any) -> tuple[type[Spec], dict[str, Any]]:
    """Look the class up and check the field names, before any value is used."""
    if not isinstance(data, Mapping) or not isinstance(data.get("layer"), str):
        raise NetworkError(
            f"network description: found {shown(data)}; expected a mapping with "
            'the layer\'s name, e.g. {"layer": "Relu"}'
        )
    name = data["layer"]
    if name not in _REGISTRY:
        raise NetworkError(
            f"{name}: unknown layer; expected one of {', '.join(known_layers())}. "
            "A newer fastntk may have written this description"
        )
    layer = _REGISTRY[name]
    values = {str(key): value for key, value in data.items() if key != "layer"}
    _check_field_names(layer, values)
    return layer, values


def _check_field_names(layer: type[Spec], values: Mapping[str, Any]) -> None:
    fields = {field.name: field for field in _fields(layer)}
    known = ", ".join(fields) or "no fields"
    for name in values:
        if name not in fields:
            raise NetworkError(
                f"{layer.__name__}: unknown field {name!r}; expected {known}"
            )
    for name, field in fields.items():
        if _is_required(field) and name not in values:
            raise NetworkError(
                f"{layer.__name__}: the field {name!r} is missing; expected {known}"
            )


def _encode(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Spec.from_dict(value)
    if isinstance(value, list | tuple):
        return tuple(_decode(item) for item in value)
    return value


def _fields(spec: Spec | type[Spec]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cast("Any", spec))


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING
