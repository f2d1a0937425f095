"""Maps take values as the library gives them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from neg.core.errors import InvalidDataError
from neg.figures import choropleth

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
POLYGONS = {"AAA": [SQUARE], "BBB": [SQUARE + [2.0, 0.0]]}
ARRAY = xr.DataArray([1.0, 3.0], dims="place", coords={"place": ["AAA", "BBB"]}, name="income")


def drawn(values):
    return choropleth(Figure().subplots(), POLYGONS, values, label="income").get_clim()


def test_a_labelled_array_is_as_good_as_a_mapping():
    extra = ARRAY.assign_coords(scenario="a", country=("place", ["Aland", "Bland"]))
    for values in (ARRAY, extra, ARRAY.to_series(), pd.Series({"AAA": 1, "BBB": 3})):
        assert drawn(values) == drawn({"AAA": 1.0, "BBB": 3.0}) == (1.0, 3.0)


@pytest.mark.parametrize(
    "values",
    [
        ARRAY.drop_vars("place"),
        ARRAY.expand_dims(year=[2020]),
        ARRAY.to_dataset(),
        ARRAY.to_dataframe(),
        [1.0, 2.0],
        {"AAA": "x"},
    ],
)
def test_other_values_are_named(values):
    with pytest.raises(InvalidDataError, match="values"):
        drawn(values)
