import re
from urllib.parse import unquote

import pytest

from app.charts.sparkline import HEIGHT, WIDTH, image, points, points_of


def _corners(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (corner.split(",") for corner in line.split())]


def test_the_line_goes_from_edge_to_edge_with_the_lowest_value_at_the_bottom() -> None:
    assert _corners(points([3.0, 1.0, 2.0])) == [(0, 0), (WIDTH / 2, HEIGHT), (WIDTH, HEIGHT / 2)]


def test_a_value_that_stays_is_a_straight_line() -> None:
    assert {y for _, y in _corners(points([5.0, 5.0, 5.0]))} == {0}


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_are_no_line(values: list[float]) -> None:
    assert points(values) == ""


def test_the_line_is_read_back_from_its_picture() -> None:
    line = points([3.0, -1.0, 2.5])
    assert points_of(image(line, "#7C8698")) == line
    assert points_of('<img src="data:image/svg+xml,%3Cpolyline%20points%3D%221.0%2C2.0%22">') == ""


def test_the_picture_is_whole_within_its_attribute() -> None:
    source = re.fullmatch(
        r'<img class="sparkline" alt="" src="data:image/svg\+xml,([^"<>\s]+)">', image("1,2 3,4", "red")
    )
    assert source
    assert 'points="1,2 3,4"' in unquote(source[1])
