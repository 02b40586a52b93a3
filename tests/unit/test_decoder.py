"""The decoder of `nca-fixed-2`: torch equals the plain int64 oracle at each detail; the bounds are checked."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import decoder_oracle as oracle
from decoders import decoders, heaviest_decoder, random_decoder
from nca import UserError
from nca.rule.decode import colors, decode, painted_colors, painted_decode
from nca.rule.decoder import DETAILS, Decoder
from nca.rule.noise import grain, noise
from nca.rule.reference import rgb_bytes
from strategies import CHANNELS, UINT32, states

DETAIL = st.sampled_from(DETAILS)
ENDS = (-2047, 2047)


def lanes(state):
    return torch.tensor(state, dtype=torch.float32)


def checkerboard(channels, height, width):
    """Channels in turn start with one end and the other."""
    return np.where(np.indices((channels, height, width)).sum(0) % 2, *ENDS)


# The same bits


@given(data=st.data(), channels=CHANNELS, detail=DETAIL)
@settings(max_examples=150)
def test_torch_equals_the_oracle(data, channels, detail):
    decoder, state = data.draw(decoders(channels)), data.draw(states(channels))
    assert np.array_equal(colors(decoder, lanes(state), detail).numpy(), oracle.colors(decoder, state, detail))
    assert np.array_equal(decode(decoder, lanes(state), detail), oracle.decode(decoder, state, detail))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("channels", "units", "grain"), [(4, 4, 0), (12, 16, 2), (16, 64, 4)])
@pytest.mark.parametrize("shift", [0, 13])  # hidden units all at their ends, or over their whole range
def test_a_decoder_at_the_bound_stays_exact(channels, units, grain, shift, detail):
    decoder = heaviest_decoder(channels, units, grain, shift=shift)
    assert all((worst == 2**24 - 1).all() for worst in decoder.worst_cases())
    random = np.random.default_rng(0).choice(ENDS, (channels, 5, 4))
    flat = np.full_like(random, 2047)
    for state in (random, checkerboard(channels, 5, 4), flat, -flat):
        assert np.array_equal(colors(decoder, lanes(state), detail).numpy(), oracle.colors(decoder, state, detail))


def test_the_largest_sums_stay_exact():
    """All terms of a sum have the largest magnitude and one sign. Grain is left out, because it is a hash."""
    heaviest = heaviest_decoder(16, 64, 0, shift=0)
    decoder = replace(heaviest, **{name: np.abs(getattr(heaviest, name)) for name in ("w1", "b1", "w2", "b2")})
    for each in (decoder, replace(decoder, w2=-decoder.w2, b2=-decoder.b2), replace(decoder, w1=-decoder.w1)):
        for end in ENDS:
            state = np.full((16, 2, 2), end)
            assert np.array_equal(colors(each, lanes(state), 8).numpy(), oracle.colors(each, state, 8))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 2), (7, 1), (3, 5), (33, 17)])
def test_any_torus(height, width, detail):
    decoder, state = random_decoder(8, 12, 3), np.random.default_rng(1).integers(-900, 901, (8, height, width))
    found = decode(decoder, lanes(state), detail)
    assert found.shape == (height * detail, width * detail, 3)
    assert np.array_equal(found, oracle.decode(decoder, state, detail))


def test_blocks_of_rows_join_without_a_seam(monkeypatch):
    decoder, state = random_decoder(4, 8, 1), lanes(np.random.default_rng(2).integers(-900, 901, (4, 9, 7)))
    whole = decode(decoder, state, 4)
    for pixels in (1, 100, 200):
        monkeypatch.setattr("nca.rule.decode.PIXELS", pixels)
        assert np.array_equal(decode(decoder, state, 4), whole)


def test_golden():
    """These bytes never change. The oracle beside them shows that they are right."""
    state = np.random.default_rng(3).integers(-700, 701, (12, 6, 5))
    decoder = random_decoder(12, 16, 2)
    found = decode(decoder, lanes(state), 4)
    assert np.array_equal(found, oracle.decode(decoder, state, 4))
    assert np.array_equal(decode(decoder, lanes(state), 4), found)
    assert decoder.fingerprint == "59d1a672b9458cba"
    assert hashlib.sha256(found.tobytes()).hexdigest()[:16] == "991512e782ce59b8"


# Interpolation and grain


def still(channels=4, grain=0, *, skip=True):
    """A decoder that adds nothing to the interpolated state."""
    none = np.zeros(4, dtype=int)
    w1, w2 = np.zeros((4, channels + grain), dtype=int), np.zeros((3, 4), dtype=int)
    return Decoder(w1, none, none, w2, none[:3], none[:3] + 1, grain, skip)


@pytest.mark.parametrize("detail", DETAILS)
def test_no_sum_of_the_interpolation_reaches_the_bound(detail):
    """The claims of the format's table, for states of the largest magnitude and one sign."""
    for place in range(detail):
        weights = [weight for _, weight in oracle.spline(place, detail)]
        assert min(weights) >= 0
        assert 2047 * sum(weights) == 2047 * 8 * detail**2 <= 1_048_064
        assert 2047 * 16 * sum(weights) + 64 * detail**2 <= 16_773_120 < 2**24


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("level", [*ENDS, -1, 0, 1, 700])
def test_a_flat_state_is_shown_as_it_is(level, detail):
    assert (colors(still(), torch.full((4, 2, 3), float(level)), detail) == level).all()


@given(state=states(4), detail=DETAIL)
def test_no_colour_is_outside_the_states_range(state, detail):
    for values in (state, np.where(state < 0, *ENDS), checkerboard(*state.shape)):
        found = colors(still(), lanes(values), detail)
        assert values[:3].min() <= found.min()
        assert found.max() <= values[:3].max()
        assert np.array_equal(found.numpy(), oracle.colors(still(), values, detail))


@given(state=states(4), detail=DETAIL)
def test_without_a_decoder_a_cell_is_a_square(state, detail):
    squares = rgb_bytes(lanes(state)).repeat(detail, 0).repeat(detail, 1)
    assert np.array_equal(decode(None, lanes(state), detail), squares)


@pytest.mark.parametrize("detail", DETAILS)
def test_a_slope_is_interpolated_along_a_line(detail):
    state = torch.arange(-800, 801, 160.0).expand(4, 3, 11)
    row = colors(still(), state, detail)[0, 1, detail:-detail]  # without the seam, where 800 meets -800
    middles = (torch.arange(len(row)) + 0.5) / detail + 0.5  # in cells
    assert torch.equal(row, (-800 + 160 * middles + 0.5).floor())


@pytest.mark.parametrize("detail", [4, 8])
def test_a_single_cell_becomes_a_smooth_bump(detail):
    """From pixel to pixel the slope changes by the curvature alone. A bilinear bump's slope jumps by 2000 / detail."""
    state = torch.zeros(4, 1, 5)
    state[:, :, 2] = 2000
    row = colors(still(), state, detail)[0, 0]
    assert row.max() <= 0.75 * 2000
    assert row.diff().diff().abs().max() <= 2 * 2000 / detail**2 + 2  # 2 for roundings


@given(state=states(4), detail=DETAIL)
def test_interpolation_keeps_a_turned_picture(state, detail):
    """No direction is preferred. Only the rounding of rows, down to 1/16, tells them from columns."""
    found = colors(still(), lanes(state), detail)
    assert (colors(still(), lanes(state).mT, detail).mT - found).abs().max() <= 1
    flipped = colors(still(), lanes(state).flip(1, 2), detail).flip(1, 2)
    assert torch.equal(flipped, found)


def test_without_the_skip_only_the_decoder_makes_colours():
    state = lanes(np.random.default_rng(4).integers(-900, 901, (4, 5, 5)))
    assert not colors(still(skip=False), state, 4).any()


def test_grain_is_the_noise_of_the_brush():
    found = grain(torch.arange(31), torch.arange(17), 4)
    assert torch.equal(found.permute(2, 0, 1), noise(4, 17, 31))
    assert np.array_equal(noise(4, 17, 31), oracle.grain(17, 31, 4))
    assert found.min() >= -1024
    assert found.max() <= 1023


def test_decoding_writes_nothing():
    state = lanes(np.random.default_rng(5).integers(-900, 901, (8, 5, 5)))
    before = state.clone()
    decode(random_decoder(8, 12), state, 4)
    decode(None, state, 4)
    assert torch.equal(state, before)


# Painted fields


@given(data=st.data(), channels=CHANNELS, detail=DETAIL, seed=UINT32)
@settings(max_examples=60)
def test_each_cell_is_decoded_by_its_owners_decoder(data, channels, detail, seed):
    several = data.draw(st.lists(st.one_of(st.none(), decoders(channels)), min_size=1, max_size=4))
    state = data.draw(states(channels))
    owners = np.random.default_rng(seed).integers(len(several), size=state.shape[1:])
    ours = painted_colors(several, lanes(state), torch.tensor(owners), detail)
    assert np.array_equal(ours.numpy(), oracle.painted_colors(several, state, owners, detail))


@pytest.mark.parametrize("detail", DETAILS)
def test_no_colour_crosses_a_border_of_owners(detail):
    """Left of the border, the picture does not depend on the state on the right."""
    first, second = random_decoder(4, 8, 1), random_decoder(4, 8, 2, seed=1)
    owners = torch.zeros(6, 8, dtype=torch.int64)
    owners[:, 3:7] = 1
    state = lanes(np.random.default_rng(6).integers(-900, 901, (4, 6, 8)))
    other = torch.where(owners == 1, -state, state)
    pictures = [painted_decode((first, second), each, owners, detail) for each in (state, other)]
    own = np.kron(owners.numpy(), np.ones((detail, detail))) == 0
    assert np.array_equal(pictures[0][own], pictures[1][own])
    assert not np.array_equal(pictures[0][~own], pictures[1][~own])


# Refused


def test_the_last_integer_below_the_bound_is_accepted_and_the_next_refused():
    decoder = heaviest_decoder(12, 16, 2)
    for layer, name in ((1, "b1"), (2, "b2")):
        bias = getattr(decoder, name).copy()
        bias[2] += np.sign(bias[2])
        message = f"decoder's layer {layer}, row 2 can reach 16,777,216: expected below 2\\^24 = 16,777,216"
        with pytest.raises(UserError, match=message):
            replace(decoder, **{name: bias})


def test_no_weights_of_the_largest_decoder_exceed_the_bound_by_themselves():
    worst = replace(heaviest_decoder(16, 64, 4), b1=np.zeros(64, dtype=int), b2=np.zeros(3, dtype=int)).worst_cases()
    assert worst[0].max() == 127 * 20 * 2047 == 5_199_380
    assert worst[1].max() == 127 * 64 * 1023 + 2**13 == 8_323_136


LIMITS = {
    "w1": (-127, 127),
    "w2": (-127, 127),
    "b1": (1 - 2**24, 2**24 - 1),
    "b2": (1 - 2**24, 2**24 - 1),
    "k1": (0, 20),
    "k2": (1, 20),
}


@pytest.mark.parametrize("name", LIMITS)
def test_one_integer_anywhere_outside_its_range_is_found(name):
    low, high = LIMITS[name]
    for value in (low - 1, high + 1):
        array = getattr(random_decoder(12, 16), name).copy()
        array.flat[-1] = value
        with pytest.raises(UserError, match=rf"decoder's {name} holds {value}: expected integers in \[{low}, {high}\]"):
            replace(random_decoder(12, 16), **{name: array})


W1 = np.zeros((4, 6), dtype=int)  # of `blank`: C = 4, G = 2, D = 4
WRONG = {
    "w1 holds float64": {"w1": W1.astype(float)},
    "b2 holds bool": {"b2": np.zeros(3, dtype=bool)},
    "grain holds 5: .*expected integers in .0, 4": {"grain": 5},
    "grain holds float64": {"grain": 2.0},
    "skip is 1: expected True or False": {"skip": 1},
    r"w1 has shape \(4, 6\) with grain 1: .*one of \(4, 8, 12, 16\)": {"grain": 1},
    r"w1 has shape \(6,\)": {"w1": W1[0]},
    "0 hidden units": {"w1": W1[:0]},
    "6 hidden units: expected a multiple of 4 from 4 to 64": {"w1": np.zeros((6, 6), dtype=int)},
    "68 hidden units": {"w1": np.zeros((68, 6), dtype=int)},
    r"b1 has shape \(5,\): expected \(4,\)": {"b1": np.zeros(5, dtype=int)},
    r"w2 has shape \(4, 4\): expected \(3, 4\)": {"w2": W1[:, :4]},
    r"b2 has shape \(4,\): expected \(3,\)": {"b2": W1[:, 0]},
    r"k2 has shape \(\): expected \(3,\)": {"k2": np.int64(3)},
}


@pytest.mark.parametrize(("message", "changes"), WRONG.items())
def test_what_is_no_decoder_is_refused_by_name_and_value(message, changes):
    with pytest.raises(UserError, match=message) as refusal:
        replace(still(grain=2), **changes)
    assert "expected" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("detail", [0, 3, 16, -2])
def test_another_detail_is_refused(detail):
    with pytest.raises(UserError, match=rf"detail is {detail}: expected one of \(1, 2, 4, 8\)"):
        decode(still(), torch.zeros(4, 2, 2), detail)


def test_another_number_of_channels_is_refused():
    with pytest.raises(UserError, match="decoder of 8 channels for a state of 4"):
        decode(random_decoder(8, 12), torch.zeros(4, 2, 2), 2)


# A value


def test_a_decoder_cannot_be_changed_and_leaves_the_callers_arrays_alone():
    w1 = W1.copy()
    decoder = replace(still(grain=2), w1=w1)
    w1[:] = 99
    assert not decoder.w1.any()
    with pytest.raises(ValueError, match="read-only"):
        decoder.w1[0, 0] = 1
    with pytest.raises(AttributeError):
        decoder.grain = 1


def test_sizes_are_counted():
    decoder = random_decoder(12, 16, 2)
    assert (decoder.channels, decoder.grain, decoder.units) == (12, 2, 16)
    assert decoder.parameters == 14 * 16 + 16 + 16 * 3 + 3 == 291
    assert decoder.byte_count == 14 * 16 + 4 * 16 + 16 + 16 * 3 + 4 * 3 + 3 == 367


def test_fingerprints_differ():
    decoder = random_decoder(12, 16, 2)
    changed = [replace(decoder, **{name: getattr(decoder, name) // 2}) for name in LIMITS]
    others = [*changed, replace(decoder, skip=False), random_decoder(8, 16, 2)]
    assert len({each.fingerprint for each in (decoder, *others)}) == len(others) + 1
    assert random_decoder(12, 16, 2).fingerprint == decoder.fingerprint
