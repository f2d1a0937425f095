"""Outlines: degrees or refused, whole across the antimeridian and around a pole."""

import json

import numpy as np
import pandas as pd
import pytest

from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data import read_regions
from neg.data.readers.outlines import EARTH_RADIUS, centroid, read_outlines, ring_area


def box(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def cap(west, east, south, north):
    """Area of a box of latitude and longitude, in closed form."""
    band = np.sin(np.radians(north)) - np.sin(np.radians(south))
    return EARTH_RADIUS**2 * np.radians(east - west) * band


@pytest.fixture
def written(tmp_path):
    def write(*geometries, encoding="utf-8", **more):
        features = [
            {"type": "Feature", "properties": {"id": label}, "geometry": geometry}
            for label, geometry in zip("ABCDE", geometries, strict=False)
        ]
        path = tmp_path / "outlines.geojson"
        content = {"type": "FeatureCollection", "features": features, **more}
        path.write_text(json.dumps(content), encoding=encoding)
        return path

    return write


def system(name):
    return {"type": "name", "properties": {"name": name}}


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4258"]
)
def test_systems_in_degrees_are_read(written, name):
    _, areas, notes = read_outlines(written(polygon(box(0, 0, 2, 1)), crs=system(name)))
    assert areas["A"] == pytest.approx(cap(0, 2, 0, 1), rel=1e-12)
    assert notes == []


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:EPSG::27700", "EPSG:3857", ""])
def test_projected_systems_are_refused(written, name):
    with pytest.raises(InvalidDataError, match="outlines.geojson: crs = .* WGS 84 in degrees"):
        read_outlines(written(polygon(box(0, 0, 2, 1)), crs=system(name)))


def test_projected_coordinates_without_a_system_are_refused(written):
    with pytest.raises(InvalidDataError, match=r"feature 2 .B.: the point .430000.0, 400000.0. is"):
        read_outlines(written(polygon(box(0, 0, 2, 1)), polygon(box(430000, 4e5, 440000, 4.1e5))))


@pytest.mark.parametrize(
    "empty", [None, polygon(), polygon([]), {"type": "MultiPolygon", "coordinates": []}]
)
def test_features_without_coordinates_have_no_outline(written, empty):
    path = written(polygon(box(0, 0, 2, 1)), empty)
    if empty == polygon([]):
        with pytest.raises(InvalidDataError, match=r"feature 2 .B.: a ring needs four"):
            read_outlines(path)
        return
    data, outlines = read_regions(pd.DataFrame({"id": ["A", "B"]}), path)
    assert outlines["B"] == []
    assert np.isnan(data["area"].sel(place="B"))
    assert "feature B has no outline" in data.attrs["notes"]


def test_outlines_across_the_antimeridian_are_whole(written):
    crossing = [[178, -18], [-178, -18], [-178, -16], [178, -16], [178, -18]]
    beyond = [[-179, 60], [178, 60], [178, 62], [-179, 62], [-179, 60]]
    data, outlines = read_regions(
        pd.DataFrame({"id": ["A", "B", "C"]}),
        written(polygon(crossing), polygon(beyond), polygon(box(176, -18, 180, -16))),
    )
    np.testing.assert_allclose(
        data["area"], [cap(0, 4, -18, -16), cap(0, 3, 60, 62), cap(0, 4, -18, -16)], rtol=1e-12
    )
    np.testing.assert_allclose(data["lon"], [180, 179.5, 178], rtol=1e-12)
    np.testing.assert_allclose(data["lat"], [-17, 61, -17], rtol=1e-12)
    assert np.ptp(outlines["A"][0][:, 0]) == 4
    assert "the outline of A crosses the antimeridian" in data.attrs["notes"]
    assert "the outline of C" not in data.attrs["notes"]


def test_a_ring_around_a_pole_has_the_cap_inside():
    ring = np.array([[lon, -60.0] for lon in range(-180, 180, 5)] + [[-180.0, -60.0]])
    assert ring_area(ring) == pytest.approx(cap(0, 360, -90, -60), rel=1e-12)
    drawn = np.array([[lon, -60.0] for lon in range(-180, 181, 5)] + [[180, -90], [-180, -90]])
    assert ring_area(drawn) == pytest.approx(cap(0, 360, -90, -60), rel=1e-12)
    assert -180 <= centroid(drawn)[0] <= 180


@pytest.mark.parametrize(
    ("ring", "message"),
    [
        (box(0, 0, 2, 1)[:-1], "must be closed"),
        ([[0, 0], [1, 1], [0, 0]], "four or more points"),
        ([[0, 0], [1, 1], [0, 0], [0, 0]], "encloses no area"),
        ([[0, 0], ["x", 1], [2, 2], [0, 0]], "finite coordinates"),
        ([0, 1, 2, 3], "four or more points"),
    ],
)
def test_rings_that_are_none_are_refused(written, ring, message):
    with pytest.raises(InvalidDataError, match=rf"feature 1 .A.: .*{message}"):
        read_outlines(written(polygon(ring)))


def test_other_content_is_refused(written, tmp_path):
    path = tmp_path / "list.geojson"
    path.write_text("[1, 2]")
    with pytest.raises(InvalidDataError, match="type = 'list' is not allowed"):
        read_outlines(path)
    with pytest.raises(InvalidDataError, match="feature 1: no feature"):
        read_outlines(written(features=[1]))
    assert list(read_outlines(written(polygon(box(0, 0, 1, 1)), encoding="utf-16"))[0]) == ["A"]


def test_labels_of_both_files_are_compared_as_text(written):
    path = written(polygon(box(0, 0, 1, 1)))
    text = path.read_text()
    path.write_text(text.replace('"A"', "1001"))
    assert list(read_regions(pd.DataFrame({"id": ["1001"]}), path).outlines) == ["1001"]
    with pytest.raises(LabelMismatchError, match="'01001' and '1001' are one place under two"):
        read_regions(pd.DataFrame({"id": ["01001"]}), path)


def test_a_column_called_place_does_not_replace_the_labels():
    frame = pd.DataFrame({"id": ["A", "B"], "place": ["x", "y"]})
    with pytest.raises(LabelMismatchError, match="column 'place' beside the identifier 'id'"):
        read_regions(frame)
    data = read_regions(frame, id="place").data
    assert list(data["place"].values) == ["x", "y"]
    assert list(data["id"].values) == ["A", "B"]
