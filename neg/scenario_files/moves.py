"""Edits as Levers with values, and the economy after them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neg.barriers.layer import Layer, layers_of
from neg.barriers.pair import PairLayer
from neg.core.errors import InvalidParameterError, unknown_name
from neg.data.groups import BY_NAME
from neg.economy.lever import Lever
from neg.scenario_files.edits import BorderEdit, LayerEdit, LinkEdit, ParameterEdit, TransferEdit
from neg.scenario_files.schema import ScenarioFile

if TYPE_CHECKING:
    from neg.network.transport import Network

_LAYER = {"factor": ("factor", "times"), "rate": ("rate", "set"), "cost": ("cost", "times")}
_PARAMETER = {"factor": "times", "value": "set", "plus": "plus"}


@dataclasses.dataclass(frozen=True)
class Move:
    """A Lever, the value it is put to, and where the file says so (empty: not a number there)."""

    lever: Lever
    value: float
    path: str


def moves_of(scenario: ScenarioFile, economy: Any) -> list[Move]:
    """Every edit of a file as Levers on its economy; each is checked against the economy."""
    edits = scenario.edit
    found: list[Move] = []
    for number, layer in enumerate(edits.layer):
        found.append(_of_layer(layer, f"edit.layer.{number}", economy))
    for number, border in enumerate(edits.border):
        found += _of_border(border, f"edit.border.{number}", economy)
    for number, transfer in enumerate(edits.transfer):
        found += _of_transfer(transfer, f"edit.transfer.{number}", economy)
    for number, link in enumerate(edits.link):
        found += _of_link(link, f"edit.link.{number}", economy)
    for number, parameter in enumerate(edits.parameter):
        found.append(_of_parameter(parameter, f"edit.parameter.{number}"))
    for move in found:
        try:
            move.lever.check(economy)
        except (ValueError, KeyError) as error:
            where = move.path.rpartition(".")[0] or "edit"
            raise type(error)(f"{where}: {error}") from None
    return found


def apply(economy: Any, moves: list[Move], values: Mapping[str, Any] | None = None) -> Any:
    """The economy after the moves, in order; ``values`` by path replace those of the file.

    Traceable in the values.
    """
    for move in moves:
        value = move.value if values is None else values.get(move.path, move.value)
        try:
            economy = move.lever.put(economy, value)
        except InvalidParameterError as error:
            raise InvalidParameterError(f"{move.path or move.lever.path}: {error}") from None
    return economy


def widened(selectors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Selectors with names of groups, such as ASEAN, written out."""
    return {
        key: tuple(dict.fromkeys(one for name in value for one in BY_NAME.get(name, (name,))))
        for key, value in selectors.items()
    }


def members(names: list[str]) -> tuple[str, ...]:
    """Places, with names of groups written out."""
    return tuple(widened({"places": tuple(names)})["places"])


def _of_layer(edit: LayerEdit, path: str, economy: Any) -> Move:
    layers = {layer.label: layer.bare for layer in layers_of(economy)}
    if edit.layer not in layers:
        allowed = [name for name, one in layers.items() if isinstance(one, Layer) or _scale(one)]
        raise unknown_name(f"layer of {path}", edit.layer, allowed)
    layer = layers[edit.layer]
    name, operation = _LAYER[edit.change]
    if not isinstance(layer, Layer):
        if edit.change != "factor" or not _scale(layer):
            moved = ", ".join(f"{edit.layer}.{one}" for one in layer.parameters())
            factor = ", and edit.layer by a factor" if _scale(layer) else ""
            raise InvalidParameterError(
                f"{path}.{edit.change} does not go with the layer {edit.layer!r}, which has no "
                f"such parameter; edit.parameter moves {moved}{factor}"
            )
        name = _scale(layer)
    lever = Lever(f"{edit.layer}.{name}", operation, **widened(edit.selectors()))
    return Move(lever, getattr(edit, edit.change), f"{path}.{edit.change}")


def _scale(layer: Any) -> str:
    """The parameter of a layer by pair that measures all of it; none for other layers."""
    return layer.scale if isinstance(layer, PairLayer) else ""


def _of_parameter(edit: ParameterEdit, path: str) -> Move:
    lever = Lever(edit.path, _PARAMETER[edit.change], **widened(edit.selectors()))
    return Move(lever, getattr(edit, edit.change), f"{path}.{edit.change}")


def _part(economy: Any, label: str, path: str, needs: str) -> Any:
    for part in getattr(economy, "parts", ()):
        if part.label == label:
            return part
    raise InvalidParameterError(f"{path} needs {needs} in the file, which has none")


def _of_border(edit: BorderEdit, path: str, economy: Any) -> list[Move]:
    parts = [part.label for part in getattr(economy, "parts", ())]
    full = f"{path}.{edit.change}"
    kind = "hours" if "hours" in edit.change or edit.change == "level_of" else "usd"
    operation = "times" if edit.change.endswith("_factor") else "set"
    if edit.between is None and "clearance" in parts:
        places = members(edit.economies or [])
        if edit.mode:
            raise InvalidParameterError(f"{path}: clearance does not differ by mode; leave it out")
        found = []
        for side in ("export", "import"):
            lever = Lever(f"clearance.{side}_{kind}", operation, places=places)
            value: Any = getattr(edit, edit.change)
            if edit.change == "level_of":
                labels = economy.labels
                names = labels.get("economy", labels["place"])
                if value not in names:
                    raise unknown_name(f"economy in {path}.level_of", value, names)
                sizes = {axis: len(own) for axis, own in labels.items()}
                value = float(economy.full(f"clearance.{side}_hours", sizes)[names.index(value)])
            found.append(Move(lever, value, "" if edit.change == "level_of" else full))
        return found
    if edit.change == "level_of":
        raise InvalidParameterError(
            f"{path}.level_of needs the [[border]] of economies in the file"
        )
    network = _part(economy, "network", path, "[[border]] or a [network]").network
    wanted = _crossings(edit, path, network)
    lever = Lever(f"network.border_{kind}", operation, borders=tuple(wanted))
    return [Move(lever, getattr(edit, edit.change), full)]


def _crossings(edit: BorderEdit, path: str, network: Network) -> list[str]:
    """Labels of the borders that an edit means; of a mode, those that only this mode crosses."""
    there = [one.label for one in network.borders]
    said = edit.between if edit.between is not None else edit.economies or []
    known = sorted({name for one in network.borders for name in (one.first, one.second)})
    for name in said:
        if name not in known and (edit.between is not None or name not in BY_NAME):
            raise unknown_name(f"economy at a border of {path}", name, known)
    if edit.mode and edit.mode not in (names := [one.name for one in network.modes]):
        raise unknown_name(f"mode of {path}", edit.mode, names)
    ends = set(said if edit.between is not None else members(said))
    least = 2 if edit.between is not None else 1
    wanted = []
    for number, one in enumerate(network.borders):
        if len({one.first, one.second} & ends) < least:
            continue
        by = _modes_across(network, number)
        if edit.mode and edit.mode in by and len(by) > 1:
            raise InvalidParameterError(
                f"{path}.mode = {edit.mode!r} does not go with the border {one.label!r}, which "
                f"{sorted(by)} cross at one cost; must be left out, or the border given under "
                "[[network.border]] for each mode"
            )
        if not edit.mode or edit.mode in by:
            wanted.append(one.label)
    if not wanted:
        how = f" that {edit.mode!r} crosses" if edit.mode else ""
        raise InvalidParameterError(
            f"{path}: no border of the network{how} is meant; must be among: {', '.join(there)}"
        )
    return wanted


def _modes_across(network: Network, border: int) -> set[str]:
    """Modes of the links that cross a border."""
    links = network.graph.link[network.graph.border == border]
    return {network.links[link].mode for link in np.unique(links)}


def _of_transfer(edit: TransferEdit, path: str, economy: Any) -> list[Move]:
    network = _part(economy, "network", path, "a [network]").network
    label = f"{edit.place}:{'-'.join(sorted(edit.modes))}"
    network.label_index("transfer", label)
    kinds = {"money_factor": ("usd",), "hours_factor": ("hours",), "remove": ("usd", "hours")}
    removed = edit.change == "remove"
    value = 0.0 if removed else getattr(edit, edit.change)
    return [
        Move(
            Lever(f"network.transfer_{kind}", "set" if removed else "times", transfers=(label,)),
            value,
            "" if removed else f"{path}.{edit.change}",
        )
        for kind in kinds[edit.change]
    ]


def _of_link(edit: LinkEdit, path: str, economy: Any) -> list[Move]:
    network = _part(economy, "network", path, "a [network]").network
    ends = {(edit.from_, edit.to)} | ({(edit.to, edit.from_)} if edit.two_way else set())
    meant = [
        one
        for one in network.links
        if one.mode == edit.mode
        and ((one.origin, one.destination) in ends or (one.two_way and edit_ends(one) & ends))
    ]
    labels = tuple(one.label for one in meant)
    if not labels:
        known = [one.label for one in network.links]
        raise unknown_name(f"link of {path}", f"{edit.from_}-{edit.to}:{edit.mode}", known)
    both = [one.label for one in meant if one.two_way]
    if both and not edit.two_way:
        raise InvalidParameterError(
            f"{path}.two_way = false does not go with the link {both[0]!r}, which is one for both "
            "directions; must be left out, or the link given under [[network.link]] once for each "
            "direction, with two_way = false"
        )
    if edit.change in ("close", "add"):
        shut = 1.0 if edit.change == "close" else 0.0
        return [Move(Lever("network.closed", "set", links=labels), shut, "")]
    name = "network.link_hours" if edit.change == "time_factor" else "network.link_usd"
    lever = Lever(name, "times", links=labels)
    return [Move(lever, getattr(edit, edit.change), f"{path}.{edit.change}")]


def edit_ends(link: Any) -> set[tuple[str, str]]:
    """Both directions of a link."""
    return {(link.origin, link.destination), (link.destination, link.origin)}
