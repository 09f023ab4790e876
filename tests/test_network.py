"""Networks: dates, components, baselines, and Table S1 held against its own dates."""

import numpy as np
import pytest
import xarray as xr
from dask.callbacks import Callback
from hypothesis import given
from hypothesis import strategies as st

from qilian.archive.readers import pairs as readers_pairs
from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS
from qilian.insar import coherence, network
from qilian_demo.write import PAIR_TABLE

START = np.datetime64("2018-01-01", "ns")


def make(ends: list[tuple[int, int]], baseline: np.ndarray | None = None) -> xr.Dataset:
    days = START + np.array(ends).T * np.timedelta64(1, "D")
    pairs = xr.Dataset(
        coords={"reference_date": ("pair", days[0]), "secondary_date": ("pair", days[1])}
    )
    if baseline is not None:
        pairs["perpendicular_baseline"] = "pair", baseline, {"units": "m"}
    return pairs


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return readers_pairs.read_csv(PAIR_TABLE)


edges = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda e: e[0] < e[1]),
    min_size=1,
    max_size=15,
    unique=True,
)


@given(edges, st.lists(st.floats(-500, 500), min_size=9, max_size=9))
def test_baselines_of_dates_reproduce_those_of_consistent_pairs(ends, of_date):
    of_date = np.array(of_date)
    first, second = np.array(ends).T
    pairs = make(ends, of_date[second] - of_date[first])
    nodes = network.acquisitions(pairs).perpendicular_baseline
    found = nodes.sel(date=pairs.secondary_date.values).values
    found = found - nodes.sel(date=pairs.reference_date.values).values
    assert np.allclose(found, pairs.perpendicular_baseline, atol=1e-6)


@given(edges)
def test_loops_are_pairs_less_dates_plus_components(ends):
    """Checked against union-find, written here."""
    parent = list(range(9))

    def root(node: int) -> int:
        return node if parent[node] == node else root(parent[node])

    loops = 0
    for first, second in ends:
        a, b = root(first), root(second)
        loops += a == b
        parent[a] = b
    assert network.redundancy(make(ends)) == loops


def test_components_are_numbered_by_their_first_date_and_each_starts_at_zero_baseline():
    nodes = network.acquisitions(make([(5, 9), (0, 3), (3, 4)], np.array([70.0, 10.0, 5.0])))
    assert nodes.component.values.tolist() == [1, 1, 1, 2, 2]
    assert np.allclose(nodes.perpendicular_baseline, [0, 10, 15, 0, 70])


def test_an_unknown_baseline_leaves_its_component_unknown_not_zero():
    nodes = network.acquisitions(make([(0, 1), (1, 2)], np.array([10.0, np.nan])))
    assert np.isnan(nodes.perpendicular_baseline.values[1:]).all()


def test_table_s1_has_the_supplements_thirteen_pairs(table):
    names, counts = np.unique(table.sensor, return_counts=True)
    found = dict(zip(names.tolist(), counts.tolist(), strict=True))
    assert found == {"ERS-2": 2, "Envisat": 1, "ALOS-1": 5, "ALOS-2": 5}


def test_table_s1_spans_equal_the_dates_and_are_whole_repeat_cycles(table):
    facts = network.check_pairs(table)
    assert np.array_equal(facts.days, table.stated_days)
    assert (facts.cycles % 1 == 0).all()


def test_table_s1_moved_row_would_fit_no_cycle_of_the_satellite_it_is_printed_beside(table):
    row = int(np.flatnonzero(table.reference_date.values == np.datetime64("2019-03-24"))[0])
    assert table.sensor.values[row] == "ALOS-2"
    assert table.stated_days.values[row] % RADARS["ALOS-1"].repeat_cycle != 0


def test_table_s1_networks_fall_apart_as_counted_by_hand(table):
    found = {}
    for name in RADARS:
        own = table.isel(pair=table.sensor.values == name)
        if own.sizes["pair"]:
            parts = int(network.acquisitions(own).component.max())
            found[name] = parts, network.redundancy(own)
    assert found == {"ERS-2": (2, 0), "Envisat": (1, 0), "ALOS-1": (3, 0), "ALOS-2": (1, 0)}


def test_table_s1_baselines_are_below_the_critical_one(table):
    geometric = network.check_pairs(table).geometric_coherence
    assert (geometric > 0.5).all()
    envisat = geometric.values[table.sensor.values == "Envisat"].item()
    assert envisat == geometric.min()


def test_critical_baselines_agree_with_values_worked_out_elsewhere():
    expected = {"ERS-2": 1064, "Envisat": 1065, "ALOS-1": 7552, "ALOS-2": 12197}
    for name, metres in expected.items():
        assert RADARS[name].critical_baseline == pytest.approx(metres, rel=0.005)


def test_an_unknown_satellite_leaves_its_own_rows_unknown(table):
    """Its days and components are counted; the other rows stay as they were."""
    renamed = table.assign(sensor=("pair", np.char.replace(table.sensor.values, "sat", "ats")))
    facts, known = network.check_pairs(renamed), network.check_pairs(table)
    unknown = (table.sensor == "Envisat").values
    for name in ("cycles", "critical_baseline", "geometric_coherence"):
        assert np.isnan(facts[name].values[unknown]).all()
        assert np.array_equal(facts[name].values[~unknown], known[name].values[~unknown])
    for name in ("days", "component"):
        assert np.array_equal(facts[name], known[name])


def test_means_of_coherence_leave_missing_values_out_and_mask_thin_pixels():
    values = np.array([[[0.2, np.nan]], [[0.6, np.nan]], [[0.4, 0.9]]])
    stack = xr.DataArray(values, dims=("pair", "y", "x"))
    mean = coherence.temporal_mean_coherence(stack, minimum_fraction=0.5)
    assert np.allclose(mean.mean_coherence, [[0.4, np.nan]], equal_nan=True)
    assert np.allclose(mean.valid_share, [[1, 1 / 3]])
    assert np.allclose(coherence.pair_mean_coherence(stack), [0.2, 0.6, 0.65])


def test_a_network_loses_pairs_then_dates_then_its_unity_as_the_threshold_rises():
    """A chain with one loop, its links of falling coherence."""
    pairs = make([(0, 10), (10, 20), (0, 20), (20, 30), (30, 40)])
    coherence = xr.DataArray([0.9, 0.8, 0.7, 0.3, np.nan], dims="pair")
    left = network.thinned_network(pairs, coherence, [0, 0.2, 0.5, 0.75, 0.95])
    assert left["pairs"].values.tolist() == [5, 4, 3, 2, 0]
    assert left["dates"].values.tolist() == [5, 4, 3, 3, 0]
    assert left["components"].values.tolist() == [1, 1, 1, 1, 0]
    assert left["loops"].values.tolist() == [1, 1, 1, 0, 0]


def test_a_pair_is_of_the_season_of_its_dates():
    """January to February, April to May, June to July, September to December, June to June."""
    days = make([(0, 40), (100, 130), (160, 190), (250, 340), (160, 520)])
    assert network.pair_season(days).values.tolist() == [
        "frozen",
        "mixed",
        "thaw",
        "mixed",
        "mixed",
    ]
    south = network.pair_season(days, thaw_season=("11-01", "04-30"))
    assert south.values.tolist() == ["thaw", "mixed", "frozen", "mixed", "mixed"]


def test_only_pairs_with_both_dates_in_a_span_are_kept():
    """Its ends included; none at all is refused."""
    pairs = make([(0, 40), (40, 50), (50, 90)])
    kept = network.pairs_within(pairs, "2018-02-10", "2018-02-20")
    assert kept.sizes["pair"] == 1
    assert network.acquisition_dates(kept).values.astype("datetime64[D]").astype(str).tolist() == [
        "2018-02-10",
        "2018-02-20",
    ]
    with pytest.raises(InputError, match="no pair lies between 2019-01-01 and 2019-02-01"):
        network.pairs_within(pairs, "2019-01-01", "2019-02-01")


def test_mean_coherence_hangs_neither_on_the_order_of_pairs_nor_on_blocks():
    """Stored in single precision, of 300 pairs with gaps, all within rounding of the double."""
    rng = np.random.default_rng(1)
    values = rng.random((300, 20, 20)).astype("float32")
    values[rng.random(values.shape) < 0.2] = np.nan
    stack = xr.DataArray(values, dims=("pair", "y", "x"))
    orders = stack, stack.chunk(y=3), stack.isel(pair=slice(None, None, -1))
    exact = np.nanmean(values.astype(float), axis=0)
    for order in orders:
        found = coherence.temporal_mean_coherence(order)["mean_coherence"]
        np.testing.assert_allclose(found, exact, rtol=1e-14)


def test_a_stack_with_a_chunk_for_each_pair_is_averaged_in_few_steps():
    """Some per pair; bringing the pairs together piece by piece would take their square."""
    values = xr.DataArray(np.full((80, 90, 90), 0.5), dims=("pair", "y", "x")).chunk(pair=1)
    steps = []
    with Callback(posttask=lambda *_: steps.append(1)):
        mean = coherence.temporal_mean_coherence(values)["mean_coherence"]
    assert (mean == 0.5).all()
    assert len(steps) < 5 * 80
