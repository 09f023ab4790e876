"""Rates and seasons of all satellites, on the simulated headwaters whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from qilian import products
from qilian.archive import open_archive
from qilian.contracts.radars import RADARS, SATELLITES
from qilian.figures.periods import distinct_periods
from qilian.insar import corrections, periods, sparse_networks
from qilian.insar.rates import vertical
from qilian.spatial import grids, zonal, zones

PERIOD = "satellite", "start", "end"
OLD = ["ers2", "envisat", "alos1", "alos2"]


@pytest.fixture(scope="module")
def source(demo):
    return open_archive(demo)


@pytest.fixture(scope="module")
def radar(source):
    return products.sentinel1_rates(source)


@pytest.fixture(scope="module")
def stacks(source):
    return {entry: source.load(entry).compute() for entry in OLD}


@pytest.fixture(scope="module")
def pairs(source, radar, stacks, regions):
    """Pairs without delay, with their noise, as Figures S12 and S13 have them."""
    air, found = source.load("climate")["air_temperature"], {}
    for entry, stack in stacks.items():
        few = sparse_networks.prepare_pairs(stack, radar["stable"], air, zones=regions)
        found[entry] = periods.describe_period(few, entry, stack)
    return found


def solved(few: xr.Dataset, radar: xr.Dataset, thaw_spread: float | None = None) -> xr.Dataset:
    """Rate and thaw deformation, vertical, on Sentinel-1's grid and from its zero."""
    fitted = vertical(
        sparse_networks.fit_pairs(few, thaw_spread=thaw_spread), few["line_of_sight_up"]
    )
    on_grid = grids.all_onto(fitted.drop_vars("pairs"), radar["rate"])
    return grids.relative_to(on_grid, radar["stable"])


@pytest.fixture(scope="module")
def regions(source, radar):
    return zones.mine_zones(source.load("outlines"), radar["stable"], near=2000.0, far=8000.0)


@pytest.fixture(scope="module")
def now(source, radar):
    return periods.describe_period(radar, "sentinel1", source.load("sentinel1"))


@pytest.fixture(scope="module")
def rates(source, radar, now, pairs):
    """Rates of all periods as Figure S12 has them."""
    found = [solved(few, radar, thaw_spread=40.0) for few in pairs.values()]
    corrected = products.remedied_rate(source)
    found.append(corrected.assign_coords({name: now[name] for name in PERIOD}))
    return periods.stack_periods({periods.period_title(few): few for few in found}, "rate")


@pytest.fixture(scope="module")
def unsure(source, rates, regions, pairs):
    """Errors of zonal means and of their difference, as Figure S12 has them."""
    found = [sparse_networks.zonal_errors(few, regions, thaw_spread=40.0) for few in pairs.values()]
    versions = products.rate_versions(source).isel(version=-1, drop=True)
    own = versions[["standard_error", "of_difference"]].rename(standard_error="of_mean")
    every = [*found, own.reset_coords(drop=True)]
    return xr.concat(every, xr.Variable("period", rates["period"].values))


@pytest.fixture(scope="module")
def seasons(radar, now, pairs):
    """Thaw deformation of the periods that Figure S13 has a map of."""
    parts = [few for own in pairs.values() for few in periods.season_pairs(own)]
    found = [solved(few, radar) for few in parts if few["thaw"][0] >= 0.25]
    titled = {periods.period_title(few): few for few in [*found, now]}
    return periods.stack_periods(titled, "thaw_deformation")


@pytest.mark.parametrize("entry", OLD)
def test_a_cycle_away_from_each_radar_is_half_its_wavelength_of_sinking(source, entry):
    """By hand: 2π of phase is -λ/2 along the line of sight, more by 1/cos θ when vertical."""
    stack = source.load(entry).isel(x=slice(200, 220), y=slice(100, 120)).compute()
    stack["unwrapped_phase"][:] = 0.0
    stack["unwrapped_phase"][:, 15, 15] = 2 * np.pi
    moved = corrections.pair_displacement(stack)[0, 15, 15]
    sensor = RADARS[SATELLITES[entry]]
    assert float(moved) == pytest.approx(-1000 * sensor.wavelength / 2, rel=2e-3)
    upward = float(moved / stack["line_of_sight_up"][15, 15])
    at = np.degrees(np.arccos(-1000 * float(stack["wavelength"]) / 2 / upward))
    assert at == pytest.approx(sensor.incidence_angle, abs=6), "somewhere in the swath"


def test_stable_ground_is_bare_rock(source, radar):
    """Of what Sentinel-1 finds stable nearly all is ridge, and of what lies within them most."""
    cover = source.load_truth("periods")["land_cover"].values
    ridge, stable = cover == 4, radar["stable"].values
    assert (ridge & stable).sum() / stable.sum() > 0.99
    within = ndimage.binary_erosion(ridge, iterations=4, border_value=1)
    assert (within & stable).sum() / within.sum() > 0.9


def test_stable_ground_has_no_edge_that_moves(source, radar):
    """Its season is that of rock all over, since an edge would be taken for delay."""
    season = source.load_truth("periods")["thaw_amplitude"].isel(period=-1).values
    assert np.nanquantile(season[radar["stable"].values], 0.99) < 5


@pytest.mark.parametrize(("entry", "period"), [("ers2", 0), ("envisat", 1), ("alos1", 2)])
def test_rates_of_early_periods_are_true_within_the_errors_they_state(
    source, radar, pairs, entry, period
):
    """Most pixels within two standard errors, those of one scene's weather, and the median, too."""
    found = solved(pairs[entry], radar, thaw_spread=40.0)
    true = source.load_truth("periods")["vertical_rate"].isel(period=period).values
    off = found["rate"].values - (true - np.nanmedian(true[radar["stable"].values]))
    error = found["rate_standard_error"].values
    inside = np.abs(off) < 2 * error
    assert inside[np.isfinite(off)].mean() > 0.85
    assert abs(np.nanmedian(off)) < np.nanmedian(error)
    np.testing.assert_array_equal(found["x"], radar["x"])


def test_each_season_rests_on_its_own_pair_and_the_long_ones(radar, pairs):
    """ALOS-1 has two seasons of one pair and three long pairs each; Envisat has none to tell."""
    parts = [few for own in pairs.values() for few in periods.season_pairs(own)]
    found = {periods.period_title(few): few for few in parts}
    assert list(found) == [
        "1997, ERS-2",
        "2003–05, Envisat",
        "2007, ALOS-1",
        "2010, ALOS-1",
        "2019, ALOS-2",
    ]
    season = found["2010, ALOS-1"]
    assert season.sizes["pair"] == 4
    assert season["years"].values[0] < 0.5
    assert (season["years"].values[1:] > 0.9).all()
    assert (season["satellite"], int(season["start"]), int(season["end"])) == ("ALOS-1", 2010, 2010)
    empty = solved(found["2003–05, Envisat"], radar)
    assert empty["thaw_deformation"].isnull().all(), "one pair tells no season"


def test_the_maps_of_a_period_carry_its_satellite_and_its_years(rates, stacks):
    """Five periods, their ends those of the pairs; nothing has to be read out of a title."""
    assert rates["satellite"].values.tolist() == [
        "ERS-2",
        "Envisat",
        "ALOS-1",
        "ALOS-2",
        "Sentinel-1",
    ]
    for entry, start, end in zip(OLD, rates["start"].values, rates["end"].values, strict=False):
        ends = stacks[entry]["reference_date"].min(), stacks[entry]["secondary_date"].max()
        assert [int(start), int(end)] == [int(date.dt.year) for date in ends]


def test_a_map_that_takes_a_period_keeps_the_coordinate_system_of_its_own_grid(radar, pairs):
    """The older satellites lie on a UTM grid, Sentinel-1's maps on longitude and latitude."""
    assert pairs["envisat"].rio.crs.is_projected
    found = periods.same_period(radar, pairs["envisat"])
    assert periods.period_title(found) == "2003–05, Envisat"
    assert found.rio.crs == radar.rio.crs
    first = periods.stack_periods({"first": found, "second": found}, "thaw_deformation")
    assert first.rio.crs.is_geographic


def test_the_list_of_pairs_names_satellite_and_dates(pairs):
    """Thirteen pairs, those of Table S1."""
    found = periods.pair_listing(list(pairs.values()))
    assert found.sizes["pair"] == 13
    assert found["pair"].values[2] == "Envisat, 2003-10-18 to 2005-10-22"


def test_regions_near_the_mines_and_beyond_leave_out_pits_and_stable_ground(source, radar, regions):
    """They share no pixel; with no outlines there is one region, all that moves."""
    close, apart = regions.values()
    assert close.any()
    assert apart.any()
    cover = source.load_truth("periods")["land_cover"].values
    assert not (close & apart).any()
    assert not ((close | apart) & radar["stable"]).any()
    assert np.isin(cover[close.values], (5, 6)).mean() < 0.02, "no pit, no spoil"
    (whole,) = zones.mine_zones(None, radar["stable"], near=2000.0, far=8000.0).values()
    assert int(whole.sum()) == int((~radar["stable"]).sum())


def test_before_2007_no_ground_is_told_from_rest_and_later_the_mines_surroundings_sink_faster(
    rates, regions, unsure
):
    """What S12 says of the simulated archive."""
    both, of_difference = (rates["rate"], rates["rate_standard_error"]), unsure["of_difference"]
    pooled = zonal.zonal_mean(*both, regions, of_mean=unsure["of_mean"])
    near = pooled.sel(ground="near the mines")
    assert not pooled["below_zero"].isel(period=slice(2)).any()
    assert near["below_zero"].values.tolist() == [False, False, True, True, True]
    first = pooled.isel(period=0)
    assert (2 * first["standard_error"] > abs(pooled["mean"]).isel(period=slice(2, None))).all()
    told = zonal.zonal_contrast(rates["rate"], *regions.values(), of_difference=of_difference)
    assert told["significant"].values.tolist() == [False, False, True, True, True]
    assert (told["difference"][2:] < 0).all()
    parted = distinct_periods(pooled).set_index("ground")
    assert parted.loc["undisturbed", "from"] == "none"
    assert list(parted.loc["near the mines", "from"]) == ["2003–05, Envisat"] * 2


def test_zonal_means_and_their_difference_are_true_within_the_errors_of_their_covariance(
    source, radar, rates, regions, unsure
):
    """In each period the difference within two, and the means within three at most."""
    truth = source.load_truth("periods")
    true = zonal.truth_of_periods(truth.set_coords("start")["vertical_rate"], rates["rate"]).values
    of_difference, rate = unsure["of_difference"], rates["rate"]
    found = zonal.zonal_contrast(rate, *regions.values(), of_difference=of_difference)
    near, far = (true[:, region.values] for region in regions.values())
    apart = np.nanmean(near, axis=1) - np.nanmean(far, axis=1)
    larger = np.fmax(found["spread"], found["standard_error"])
    assert (abs(found["difference"] - apart) < 2 * larger).all()
    means = zonal.zonal_mean(rate, rates["rate_standard_error"], regions)["mean"]
    means = means.transpose("ground", "period").values
    zero = np.nanmedian(true[:, radar["stable"].values], axis=1)
    off = means - (np.stack([np.nanmean(near, axis=1), np.nanmean(far, axis=1)]) - zero)
    error = unsure["of_mean"].transpose("ground", "period").values
    assert (abs(off) < 3 * error).all()
    assert (abs(off) < 2 * error).mean() >= 0.8


def test_no_two_periods_of_the_thaw_season_part_though_the_true_one_more_than_doubled(
    source, seasons, regions
):
    """What S13 says of the simulated archive, of both grounds."""
    field, error = (seasons[f"thaw_deformation{part}"] for part in ("", "_standard_error"))
    shown = field.where(error <= 30)
    parted = distinct_periods(zonal.zonal_mean(shown, error, regions))
    assert list(parted["from"]) == ["none", "none"]
    assert not zonal.zonal_contrast(shown, *regions.values())["significant"].any()
    true = source.load_truth("periods")["thaw_amplitude"].isel(period=[0, -1])
    for region in regions.values():
        first, last = np.nanmean(true.values[:, region.values], axis=1)
        assert last > 2 * first


def test_ground_is_sorted_by_its_season_and_as_far_as_the_archive_goes(source):
    """Rock, meadow and wet meadow of the truth, by settlement; without Sentinel-1 three kinds."""
    like = source.load("alos1")["coherence"].isel(pair=0, drop=True).compute()
    outlines = source.load("outlines")
    found = zones.thaw_zones(products.sentinel1_season(source), outlines, like)
    cover = source.load_truth("periods")["land_cover"].rio.write_crs(4326)
    cover = cover.rio.reproject_match(like).values
    rock, meadow, wet, pits, spoil = (mask.values for mask in found.values())
    assert (cover[rock] == 4).mean() > 0.9
    assert (cover[meadow] == 3).mean() > 0.8
    assert (cover[wet] == 2).mean() > 0.7
    assert (cover[pits] == 5).mean() > 0.6
    assert (cover[spoil] == 6).mean() > 0.6
    assert (rock.astype(int) + meadow + wet + pits + spoil).max() == 1
    few = replace(source, entries={k: v for k, v in source.entries.items() if k != "sentinel1"})
    assert products.sentinel1_season(few) is None
    assert list(zones.thaw_zones(None, outlines, like)) == ["ground", "pits", "spoil"]
    assert list(zones.thaw_zones(None, None, like)) == ["all ground"]
