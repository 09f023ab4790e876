"""Tables of thaw depth: what the reader takes, and the sentence it gives for what it does not."""

import numpy as np
import pytest

from qilian.archive.readers.thaw_depth import read_csv
from qilian.contracts.errors import InputError


def test_depths(tmp_path):
    """Depths become metres by ascending year, blanks stay missing."""
    path = tmp_path / "alt.csv"
    path.write_text("year,alt,sd\n1992,48,8\n1990,36,\n1991,,\n")
    depths = read_csv(path, thaw_depth="alt", standard_deviation="sd", unit="cm")
    assert depths["year"].values.tolist() == [1990, 1991, 1992]
    np.testing.assert_allclose(depths["thaw_depth"], [0.36, np.nan, 0.48])
    np.testing.assert_allclose(depths["standard_deviation"], [np.nan, np.nan, 0.08])
    assert depths["thaw_depth"].attrs["units"] == "m"


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("year,thaw_depth\n1990,1\n1990,2\n", {}, "year repeats"),
        ("year,thaw_depth\n1990.5,1\n", {}, "no whole number"),
        ("year,thaw_depth\n1990,deep\n", {}, "line 2: 'deep'"),
        ("year,thaw_depth\n1990,48\n", {}, "expected 0 to 20 m"),
        ("year,thaw_depth\n1990,-1\n", {}, "expected 0 to 20 m"),
        ("year,alt\n1990,1\n", {}, "no column 'thaw_depth'"),
        ("year,thaw_depth\n1990,1\n", {"unit": "feet"}, "unit of thaw depth is 'feet'"),
    ],
)
def test_broken_table(tmp_path, text, options, said):
    """A broken table is refused with the place and what was expected."""
    path = tmp_path / "alt.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_csv(path, **options)
