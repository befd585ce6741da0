"""Reading the face model, packed and from its folder."""

from pathlib import Path

import numpy as np
import pytest
from support.tiny_facekit import arrays, facekit_folder

from ecgan.errors import UsageError
from ecgan.lab.reanimate import facekit
from ecgan.lab.reanimate.facekit import FaceKit, read_facekit, write_facekit


def test_the_parts_follow_the_materials(kit: FaceKit) -> None:
    packed = arrays()
    for part, materials in {"skin": ["M_Face"], "teeth": ["M_Teeth"], "mouth": ["M_MouthSocket"],
                            "eyes": ["M_ScleraLeft", "M_ScleraRight"]}.items():  # fmt: skip
        expected = packed["F"][np.isin(packed["M"], materials)]
        np.testing.assert_array_equal(kit.of(part), expected)
    assert kit.shapes["jawOpen"].shape == kit.neutral.shape
    assert not len(kit.of("gums"))


def test_a_folder_reads_like_the_packed_file(
    kit: FaceKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facekit, "ICT_LANDMARKS", tuple(range(68)))
    read = read_facekit(facekit_folder(tmp_path, shapes=2))
    np.testing.assert_allclose(read.neutral, kit.neutral, atol=1e-5)
    np.testing.assert_allclose(read.identity, kit.identity, atol=1e-4)
    np.testing.assert_array_equal(read.of("skin"), kit.of("skin"))
    assert len(read.shapes) == 2
    for name, shape in read.shapes.items():
        np.testing.assert_allclose(shape, kit.shapes[name], atol=1e-4)


def test_a_packed_model_is_the_same_model(kit: FaceKit, tmp_path: Path) -> None:
    write_facekit(kit, tmp_path / "again.npz")
    again = read_facekit(tmp_path / "again.npz")
    for name in ("neutral", "triangles", "parts", "identity", "landmarks"):
        np.testing.assert_array_equal(getattr(again, name), getattr(kit, name))
    assert again.shapes.keys() == kit.shapes.keys()
    np.testing.assert_array_equal(again.shapes["jawOpen"], kit.shapes["jawOpen"])


def test_polygons_become_triangles(tmp_path: Path) -> None:
    mesh = tmp_path / "quad.obj"
    mesh.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nusemtl M_Face\nf 1/1 2/2 3/3 4/4\n")
    _, triangles, materials = facekit._read_mesh(mesh)
    assert triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert materials.tolist() == ["M_Face", "M_Face"]


def damaged(path: Path, **changes: object) -> Path:
    np.savez(path, **{**arrays(), **changes})
    return path


def test_what_is_no_model_is_refused_and_the_source_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.npz").write_text("no archive")
    wrong = [
        tmp_path / "missing.npz",
        tmp_path / "empty",
        tmp_path / "text.npz",
        damaged(tmp_path / "names.npz", ek=np.array(["jawOpen"])),
        damaged(tmp_path / "landmarks.npz", landmarks=np.arange(67)),
        damaged(tmp_path / "vertices.npz", V=np.zeros((3, 3), np.float32)),
    ]
    for path in wrong:
        with pytest.raises(UsageError, match=r"github\.com/ICT-VGL/ICT-FaceKit"):
            read_facekit(path)
