"""Models on the protocol, one file each; every file in this folder is found by itself."""

import importlib
import pkgutil

from neg.core.errors import unknown_name
from neg.economy.model import Model

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def get_model(name: str) -> type[Model]:
    """The model class of this plain name, such as ``core-periphery``.

    Raises :class:`neg.core.errors.UnknownNameError` for a name that no model has.
    """
    if name not in Model.registry:
        raise unknown_name("model", name, sorted(Model.registry))
    return Model.registry[name]
