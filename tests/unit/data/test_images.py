"""Lazy uint8 reading: sizes, the memory budget, damaged files."""

from pathlib import Path

import numpy as np
import pytest
from support.drawn_records import make_manifest, pattern, record

from ecgan.data import images
from ecgan.data.images import ImageStore
from ecgan.data.manifest import Manifest
from ecgan.errors import DataError

RECORDS = [record("ann", "neutral"), record("ann", "happy")]


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return make_manifest(tmp_path, RECORDS)


def test_the_own_size_is_exact(manifest: Manifest) -> None:
    store = ImageStore(manifest, 64, 1)
    np.testing.assert_array_equal(store.image(RECORDS[1]), pattern(1))
    assert set(np.unique(store.mask(RECORDS[0]))) == {0, 255}


@pytest.mark.parametrize("size", [32, 128])
def test_other_sizes_are_resampled(manifest: Manifest, size: int) -> None:
    store = ImageStore(manifest, size, 1)
    image, mask = store.image(RECORDS[0]), store.mask(RECORDS[0])
    assert (image.shape, image.dtype) == ((size, size, 3), np.uint8)
    assert image.mean() == pytest.approx(pattern(0).mean(), abs=1.5)
    assert set(np.unique(mask)) == {0, 255}
    assert (mask > 0).mean() == pytest.approx((store.mask(RECORDS[1]) > 0).mean())


def test_what_fits_is_kept_and_what_does_not_is_read_again(manifest: Manifest) -> None:
    kept, not_kept = ImageStore(manifest, 64, 1), ImageStore(manifest, 64, 0)
    for store in (kept, not_kept):
        store.image(RECORDS[0])
    manifest.image_path(RECORDS[0]).unlink()
    np.testing.assert_array_equal(kept.image(RECORDS[0]), pattern(0))
    with pytest.raises(DataError, match="cannot read"):
        not_kept.image(RECORDS[0])


def test_the_budget_is_kept_to(manifest: Manifest) -> None:
    store = ImageStore(manifest, 512, 1)  # 768 KiB an image: one fits, two do not
    first, second = store.image(RECORDS[0]), store.image(RECORDS[1])
    assert store.image(RECORDS[0]) is first
    assert store.image(RECORDS[1]) is not second


def test_preloaded_is_what_the_budget_holds(manifest: Manifest) -> None:
    all_of_it, none = ImageStore(manifest, 64, 1), ImageStore(manifest, 64, 0)
    for store in (all_of_it, none):
        store.preload(RECORDS)
    for one in RECORDS:
        manifest.image_path(one).unlink()
        np.testing.assert_array_equal(all_of_it.image(one), pattern(RECORDS.index(one)))
        with pytest.raises(DataError, match="cannot read"):
            none.image(one)
    with pytest.raises(DataError, match="cannot read"):
        ImageStore(manifest, 64, 1).preload(RECORDS)


def test_preloading_ends_with_the_budget(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the budget has no room for is not decoded, though some of the budget is left."""
    decoded: list[str] = []
    read = images._read
    monkeypatch.setattr(
        images, "_read", lambda path, *how: decoded.append(path.name) or read(path, *how)
    )
    store = ImageStore(manifest, 512, 1)  # 768 KiB an image
    store.preload([RECORDS[0]] + [RECORDS[1]] * 3000, masks=False)
    assert 1 <= len(decoded) <= 64  # one of each thread at most began before it was full


def test_kept_images_cannot_be_written_to(manifest: Manifest) -> None:
    image = ImageStore(manifest, 64, 1).image(RECORDS[0])
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0, 0] = 1


def test_a_damaged_file_is_named(manifest: Manifest) -> None:
    path = manifest.image_path(RECORDS[0])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=path.name) as raised:
        ImageStore(manifest, 64, 1).image(RECORDS[0])
    assert "\n" not in str(raised.value)
