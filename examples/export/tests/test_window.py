import numpy as np
import pytest

from recommender_export.window import Sequence, Windows, role_entry

IDS = [f"sku-{i}" for i in range(10)]


def windows(sequence: Sequence, roles: dict, types: dict, unknown: str = "SKIP", widths=None) -> Windows:
    manifest = {"sequence": sequence.manifest(), "inputs": [role_entry(n, r) for n, r in roles.items()],
                "unknownItems": unknown}
    return Windows(manifest, IDS, {n: np.dtype(t) for n, t in types.items()}, widths)


def test_tables_have_the_row_of_each_item_and_zeros_in_padding():
    manifest = {"sequence": Sequence(4, suffix=(99,)).manifest(), "unknownItems": "SKIP",
                "inputs": [role_entry("codes", {"role": "ITEM_TABLE", "file": "codes.npy", "default": 7})]}
    table = np.arange(20).reshape(10, 2)
    made = Windows(manifest, IDS, {"codes": np.dtype("int64")}, None, {"codes.npy": table})
    assert made.arrays([{"history": ["sku-1", "gone", "sku-9"]}])["codes"].tolist() == [[[0, 0], [2, 3], [18, 19], [7, 7]]]


def ids_only(sequence: Sequence, histories: list, unknown: str = "SKIP") -> list:
    made = windows(sequence, {"ids": "ITEM_IDS"}, {"ids": "int64"}, unknown)
    return made.arrays([{"history": h} for h in histories])["ids"].tolist()


def test_left_fixed_pads_on_the_left_and_adds_the_offset():
    assert ids_only(Sequence(4), [["sku-0", "sku-7"]]) == [[0, 0, 1, 8]]


def test_right_fixed_pads_on_the_right():
    assert ids_only(Sequence(4, padding_side="RIGHT", padding_id=10, id_offset=0), [["sku-0", "sku-7"]]) == [[0, 7, 10, 10]]


def test_longer_history_keeps_the_newest():
    assert ids_only(Sequence(3), [IDS]) == [[8, 9, 10]]


@pytest.mark.parametrize("side,expected", [("LEFT", [[0, 1], [2, 3]]), ("RIGHT", [[1, 0], [2, 3]])])
def test_dynamic_pads_to_the_longest_row(side, expected):
    assert ids_only(Sequence(5, "DYNAMIC", side), [["sku-0"], ["sku-1", "sku-2"]]) == expected


def test_dynamic_is_at_least_one_long():
    assert ids_only(Sequence(5, "DYNAMIC"), [[]]) == [[0]]


@pytest.mark.parametrize("side,expected", [("LEFT", [[0, 1, 99]]), ("RIGHT", [[1, 99, 0]])])
def test_suffix_follows_the_newest_item(side, expected):
    assert ids_only(Sequence(3, padding_side=side, suffix=(99,)), [["sku-0"]]) == expected


def test_suffix_is_part_of_the_maximum_length():
    assert ids_only(Sequence(3, suffix=(99,)), [IDS]) == [[9, 10, 99]]


def test_unknown_items_are_skipped_before_the_cut():
    assert ids_only(Sequence(2), [["sku-1", "sku-2", "gone"]]) == [[2, 3]]


def test_unknown_items_become_the_unknown_id():
    assert ids_only(Sequence(2, unknown_id=77), [["sku-1", "sku-2", "gone"]], "UNK") == [[3, 77]]


def test_unknown_items_fail_if_they_are_in_the_window():
    assert ids_only(Sequence(2), [["gone", "sku-1", "sku-2"]], "FAIL") == [[2, 3]]
    with pytest.raises(ValueError, match="gone"):
        ids_only(Sequence(2), [["gone"]], "FAIL")


def test_masks_and_length():
    made = windows(Sequence(4, padding_side="RIGHT", suffix=(99,)),
                   {"ids": "ITEM_IDS", "mask": "ATTENTION_MASK", "pad": "PADDING_MASK", "n": "LENGTH"},
                   {"ids": "int32", "mask": "float32", "pad": "bool", "n": "int32"})
    arrays = made.arrays([{"history": ["sku-0", "sku-1"]}, {"history": IDS}])
    assert list(arrays) == ["ids", "mask", "pad", "n"]
    assert arrays["mask"].tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]] and arrays["mask"].dtype == np.float32
    assert arrays["pad"].tolist() == [[False, False, False, True], [False] * 4]
    assert arrays["n"].tolist() == [3, 4] and arrays["n"].dtype == np.int32


def test_times_behaviors_and_features():
    made = windows(
        Sequence(3),
        {"ids": "ITEM_IDS", "t": {"role": "TIMESTAMPS", "unit": "DAYS", "default": -1},
         "now": {"role": "QUERY_TIME", "unit": "MILLISECONDS"},
         "b": {"role": "BEHAVIORS", "vocabulary": {"click": 1, "buy": 2}, "default": 3, "paddingId": 9},
         "price": {"role": "STEP_FEATURE", "feature": "price", "default": 0.25},
         "place": {"role": "CONTEXT_FEATURE", "feature": "place", "default": 0.5}},
        {"ids": "int64", "t": "int64", "now": "int64", "b": "int64", "price": "float32", "place": "float32"},
        widths={"price": 2})
    history = [{"item": "sku-0", "at": "1970-01-03T12:00:00Z", "behavior": "buy", "context": {"price": [1.5, 2.5]}},
               {"item": "sku-1", "behavior": "stare"}]
    arrays = made.arrays([{"history": history, "at": "1970-01-01T00:00:01Z"}])
    assert arrays["t"].tolist() == [[-1, 2, -1]]
    assert arrays["now"].tolist() == [1000]
    assert arrays["b"].tolist() == [[9, 2, 3]]
    assert arrays["price"].tolist() == [[[0, 0], [1.5, 2.5], [0.25, 0.25]]]
    assert arrays["place"].tolist() == [0.5]


def test_suffix_places_have_default_values():
    made = windows(Sequence(3, suffix=(99,)),
                   {"ids": "ITEM_IDS", "b": {"role": "BEHAVIORS", "vocabulary": {"click": 1}, "default": 5, "paddingId": 9}},
                   {"ids": "int64", "b": "int64"})
    assert made.arrays([{"history": [{"item": "sku-0", "behavior": "click"}]}])["b"].tolist() == [[9, 1, 5]]


@pytest.mark.parametrize("spec,message", [
    ("ITEMS", "unknown"), ({"role": "TIMESTAMPS", "unit": "YEARS"}, "YEARS"), ("BEHAVIORS", "vocabulary"),
    ({"role": "LENGTH", "default": 1}, "no member default"), ({"role": "STEP_FEATURE"}, "feature")])
def test_wrong_roles_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        role_entry("x", spec)


def test_sequence_checks_its_members():
    with pytest.raises(ValueError, match="FIXED or DYNAMIC"):
        Sequence(5, "STATIC")
    with pytest.raises(ValueError, match="LEFT or RIGHT"):
        Sequence(5, padding_side="left")
    with pytest.raises(ValueError, match="suffix"):
        Sequence(1, suffix=(9,))
