"""Sectors in which firms that differ enter, and what parts of such firms may be given."""

from __future__ import annotations

import pytest

from neg import compose, general_economy
from neg.core.errors import InvalidDataError, InvalidParameterError, LabelMismatchError
from neg.firms import FinancedSelection, HorizontalLinks, Selection, Tiers, VerticalLinks
from neg.firms.business_services import BusinessServices
from neg.menus import LogNormal, Pareto
from neg.production import Ownership, SetUp

PARTS = (Selection, FinancedSelection, Tiers, VerticalLinks, HorizontalLinks)


def economy(**given):
    settings = {
        "places": ["north", "south"],
        "sectors": ["parts", "assembly", "goods"],
        "theta": [5.0, 5.0, 3.0],
        "alpha": [0.0, 0.0, 1.0],
        "employment": 0.2,
        "tau": 1.1,
        "chains": [("parts", "assembly")],
        "own_share": [1.0, 0.5, 1.0],
        "input_share": [[0, 0, 0], [0, 0, 0.5], [0, 0, 0]],
        "final_share": [0.0, 0.2, 0.8],
    }
    return general_economy(**settings | given)


@pytest.mark.parametrize("part", PARTS)
def test_firms_enter_no_blocks_of_chains(part):
    compose(economy(), [part()])
    assert part()._mask(economy()).tolist() == [False, False, True]
    every = economy(alpha=1.0, theta=5.0)
    for chosen in (("parts",), ("goods", "assembly")):
        with pytest.raises(InvalidParameterError, match="is a block of a chain, where theta"):
            compose(every, [part(sectors=chosen)])
    none = economy(homogeneous=["goods"])
    for chosen in (None, ("goods",)):
        with pytest.raises(InvalidParameterError, match="homogeneous or a block of a chain"):
            compose(none, [part(sectors=chosen)])


def test_a_chain_of_one_block_is_a_sector_of_firms():
    alone = economy(chains=[("goods",)], own_share=1.0)
    compose(alone, [Selection(sectors=("goods",))])


@pytest.mark.parametrize("part", [SetUp, Ownership])
def test_one_part_says_how_firms_of_a_sector_enter(part):
    for firms in (Selection(), FinancedSelection(sectors=("goods",))):
        for given in ([part(), firms], [firms, part(sectors=("goods",))]):
            with pytest.raises(InvalidParameterError, match="already says how firms enter 'goods'"):
                compose(economy(), given)
    compose(economy(alpha=[0.0, 0.0, 1.0]), [part(), Tiers()])


@pytest.mark.parametrize("part", [SetUp, Ownership, Tiers, VerticalLinks])
def test_a_law_of_size_is_one_and_has_a_mean(part):
    for given in ("pareto", 1.5):
        with pytest.raises(InvalidDataError, match="size is a .*; must be a Productivity"):
            part(size=given)
    with pytest.raises(InvalidDataError, match="size is the class Pareto"):
        part(size=Pareto)
    with pytest.raises(InvalidParameterError, match="sizes without a mean are not allowed"):
        part(size=Pareto(0.9))
    with pytest.raises(InvalidParameterError, match="sizes without a mean are not allowed"):
        part().with_(size=Pareto(1.0))
    part(size=LogNormal())


@pytest.mark.parametrize("part", [Selection, FinancedSelection])
def test_a_law_of_productivity_is_one_and_sizes_under_it_have_a_mean(part):
    for given in ("log-normal", 4.5):
        with pytest.raises(InvalidDataError, match="law is a .*; must be a Productivity"):
            part(law=given)
    with pytest.raises(InvalidParameterError, match=r"law and sigma = 4 sizes without a mean"):
        compose(economy(), [part(law=Pareto(2.5), sigma=4.0)])


@pytest.mark.parametrize("part", [SetUp, Ownership, *PARTS, BusinessServices])
def test_sectors_are_a_list_of_names(part):
    with pytest.raises(LabelMismatchError, match="sectors is the text 'goods'"):
        part(sectors="goods")
    with pytest.raises(LabelMismatchError, match="'goods' twice"):
        part(sectors=("goods", "goods"))
    for given in (2, [2], {"goods": 1.0}):
        with pytest.raises(InvalidDataError, match="sectors = .* must be a list of names"):
            part(sectors=given)
    assert part(sectors=["goods"]).sectors == ("goods",)
