"""Models on the protocol, one file each; every file in this folder is found by itself."""

import importlib
import pkgutil

from neg.core.errors import unknown_name
from neg.economy.model import Model

_files = sorted(module.name for module in pkgutil.iter_modules(__path__))
for _file in _files:
    importlib.import_module(f"{__name__}.{_file}")

__all__ = ["get_model", *_files]


def get_model(name: str) -> type[Model]:
    """The model class of this plain name, such as ``core-periphery``.

    Raises :class:`neg.core.errors.UnknownNameError` for a name that no model has.

    >>> get_model("core-periphery").__name__
    'CorePeriphery'
    """
    if name not in Model.registry:
        raise unknown_name("model", name, sorted(Model.registry))
    return Model.registry[name]


def __dir__() -> list[str]:
    return list(__all__)
