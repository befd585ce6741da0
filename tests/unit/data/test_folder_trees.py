"""Class folders as people have them: which level names the expression, who is on each image."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.folder_trees import MAKERS, trees
from support.folder_trees_check import check

from ecgan.data.layouts import (
    ListedSource,
    ListOptions,
    SubjectRule,
    list_source,
    read_label_map,
)
from ecgan.errors import DataError, UsageError

EXPRESSIONS = ("happy", "sad", "neutral")
PEOPLE = ("anna", "bert", "carl")


def made(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"not opened here")
    return root


def listed(root: Path, *names: str, **options: object) -> ListedSource:
    return list_source(made(root / "set", *names), options=ListOptions(**options))  # type: ignore[arg-type]


def labels(source: ListedSource) -> dict[str, tuple[str, str]]:
    return {image.name: (image.expression, image.subject) for image in source.listing.images}


def people(source: ListedSource) -> set[str]:
    return {image.subject for image in source.listing.images}


def warnings(source: ListedSource) -> str:
    return " ".join(r.text for r in source.listing.remarks if r.kind == "warning")


def notes(source: ListedSource) -> str:
    return " ".join(r.text for r in source.listing.remarks if r.kind == "note")


@pytest.mark.parametrize("number", range(len(MAKERS)))
def test_no_kind_of_folder_is_wrong_in_silence(number: int, tmp_path: Path) -> None:
    tree = list(trees(len(MAKERS), seed=7))[number]
    found = check(tree, tmp_path)
    assert found.outcome != "silent", (tree.kind, found.wrong[:5], found.said)
    if tree.kind in {"plain", "parts", "FER2013, Kaggle", "person first", "camera", "csv"}:
        assert found.outcome == "right", (tree.kind, found)


def test_parts_are_kept_and_the_inner_folder_is_the_expression(tmp_path: Path) -> None:
    source = listed(
        tmp_path,
        *(
            f"{part}/{e}/{p}_1.jpg"
            for part in ("train", "test")
            for e in EXPRESSIONS
            for p in PEOPLE
        ),
    )
    assert {image.expression for image in source.listing.images} == set(EXPRESSIONS)
    assert {image.partition for image in source.listing.images} == {"train", "test"}
    assert people(source) == set(PEOPLE)
    assert source.listing.images[0].stem == "test-anna_1"


@pytest.mark.parametrize("form", ["{p}/{e}/001.jpg", "{e}/{p}/001.jpg", "x/{p}/s1/{e}/IMG_1.jpg"])
def test_people_are_folders(form: str, tmp_path: Path) -> None:
    source = listed(tmp_path, *(form.format(p=p, e=e) for p in PEOPLE for e in EXPRESSIONS))
    assert people(source) == set(PEOPLE)
    assert {image.expression for image in source.listing.images} == set(EXPRESSIONS)
    assert "the folders" in notes(source)
    assert not warnings(source)


@pytest.mark.parametrize(
    "form",
    [
        "IMG_{n:04d}",
        "DSC_{n:04d}",
        "photo ({n})",
        "{e}_{n}",
        "{n:04d}",
        "image_{n}",
        "frame-{n:04d}",
        "{n:032x}",
        "{e} ({n})",
        "2023-01-{n:02d} 12.00.00",
        "Training_{n}",
        "{e[0]}_{n}",
    ],
)
def test_a_camera_or_a_class_is_nobody(form: str, tmp_path: Path) -> None:
    names = [
        f"{e}/{form.format(e=e, n=10 * k + n)}.jpg"
        for k, e in enumerate(EXPRESSIONS)
        for n in range(4)
    ]
    source = listed(tmp_path, *names)
    assert len(people(source)) == len(names)
    assert all(image.alone for image in source.listing.images)
    for option in ("--subject-pattern", "--subjects", "--group-people"):
        assert option in warnings(source)


def test_names_of_people_beside_those_of_cameras(tmp_path: Path) -> None:
    names = [f"{e}/{p}_1.jpg" for p in PEOPLE for e in EXPRESSIONS]
    source = listed(tmp_path, *names, "happy/IMG_0001.jpg", "sad/IMG_0002.jpg")
    assert set(PEOPLE) < people(source)
    assert len(people(source)) == 5
    assert "2 of 11 images" in warnings(source)


def test_one_name_on_most_images_is_not_trusted(tmp_path: Path) -> None:
    names = [f"{e}/shot_{n}.jpg" for e in EXPRESSIONS for n in range(9)]
    source = listed(tmp_path, *names, "happy/anna_1.jpg", "sad/anna_1.jpg")
    assert len(people(source)) == 29
    assert "by the file names, shot would be on 27 of them" in warnings(source)


@pytest.mark.parametrize(
    ("folder", "expression"),
    [
        ("Freude", "happy"),
        ("UEBERRASCHUNG", "surprise"),
        ("colère", "angry"),
        ("生气", "angry"),
        ("U\u0308berraschung", "surprise"),
        ("悲しみ", "sad"),
        ("злость", "angry"),
        ("01_happy", "happy"),
        ("Happy faces", "happy"),
        ("happy_faces", "happy"),
        ("class_happy", "happy"),
        ("HAPPY-2", "happy"),
        ("HappyFaces", "happy"),
    ],
)
def test_a_guess_is_said(folder: str, expression: str, tmp_path: Path) -> None:
    source = listed(tmp_path, f"{folder}/anna_1.jpg", "neutral/anna_1.jpg", "neutral/bert_1.jpg")
    assert labels(source)[f"{folder}/anna_1.jpg"][0] == expression
    assert f"read {folder} as {expression}" in notes(source)


@pytest.mark.parametrize("folder", ["not_happy", "non smile", "happily_surprised", "happy_or_sad"])
def test_what_is_no_plain_expression_stays_as_it_is(folder: str, tmp_path: Path) -> None:
    source = listed(tmp_path, f"{folder}/anna_1.jpg", "neutral/anna_1.jpg", "neutral/bert_1.jpg")
    assert labels(source)[f"{folder}/anna_1.jpg"][0] == folder.replace(" ", "_")


def test_initials_are_not_taken_for_codes(tmp_path: Path) -> None:
    source = listed(tmp_path, *(f"{p}/{e}/1.jpg" for p in ("AN", "SA", "KA") for e in EXPRESSIONS))
    assert people(source) == {"AN", "SA", "KA"}
    assert {image.expression for image in source.listing.images} == set(EXPRESSIONS)


def test_two_levels_of_expressions_are_doubted(tmp_path: Path) -> None:
    source = listed(tmp_path, *(f"happy/{e}/{n}.jpg" for e in ("sad", "angry") for n in range(4)))
    assert "two levels of folders name different expressions" in warnings(source)


@pytest.mark.parametrize("form", ["{p}/{e}.jpg", "{p}_{e}.jpg", "{e}_{p}.jpg", "{p}-{e}-2.jpg"])
def test_expressions_in_file_names(form: str, tmp_path: Path) -> None:
    source = listed(tmp_path, *(form.format(p=p, e=e) for p in PEOPLE for e in EXPRESSIONS))
    assert {image.expression for image in source.listing.images} == set(EXPRESSIONS)
    assert people(source) == set(PEOPLE)
    assert "from the file names" in notes(source)


@pytest.mark.parametrize("form", ["{}", "class{:03d}", "label_{}"])
def test_numbers_are_refused_with_the_known_orders_and_mapped(form: str, tmp_path: Path) -> None:
    names = [f"{form.format(code)}/{p}_1.jpg" for code in range(1, 8) for p in PEOPLE]
    with pytest.raises(UsageError, match=r"rafdb: 1 surprise.*affectnet: 0 neutral.*--labels"):
        listed(tmp_path, *names)
    source = listed(tmp_path, labels=read_label_map("rafdb"))
    assert labels(source)[f"{form.format(4)}/anna_1.jpg"] == ("happy", "anna")


def test_people_alone_are_no_classes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="p0, p1, p2 differ in a number alone"):
        listed(tmp_path, *(f"p{p}/{n}.jpg" for p in range(3) for n in range(4)))


def test_parts_alone_are_no_classes(tmp_path: Path) -> None:
    listing = listed(tmp_path, "train/1.jpg", "test/2.jpg", "images/val/3.jpg").listing
    assert not listing.images
    assert {rejection.reason for rejection in listing.rejected} == {"no-label"}


def test_class_folders_as_sources(tmp_path: Path) -> None:
    for folder in ("happy", "Traurig"):
        made(tmp_path / folder, "anna_1.jpg", "bert_1.jpg")
    happy, sad = (list_source(tmp_path / folder) for folder in ("happy", "Traurig"))
    assert labels(happy) == {"anna_1.jpg": ("happy", "anna"), "bert_1.jpg": ("happy", "bert")}
    assert labels(sad) == {"anna_1.jpg": ("sad", "anna"), "bert_1.jpg": ("sad", "bert")}
    assert happy.listing.images[0].stem == "anna_1"
    assert "all images are sad, as the source is called" in notes(sad)


def test_a_map_names_leaves_out_and_reports_what_it_does_not_find(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text('Ernst: neutral\n"3": Freudig\nAusschuss: null\ngrinsen: hapy\nnirgends: sad\n')
    table = read_label_map(str(file))
    source = listed(
        tmp_path, "Ernst/a_1.jpg", "3/a_1.jpg", "Ausschuss/x.jpg", "GRINSEN/a_1.jpg", labels=table
    )
    found = {image.name: image.expression for image in source.listing.images}
    assert found == {"Ernst/a_1.jpg": "neutral", "3/a_1.jpg": "freudig", "GRINSEN/a_1.jpg": "hapy"}
    assert [r.text for r in source.listing.remarks if r.kind == "left-out"] == ["label Ausschuss"]
    assert table.unused == ("nirgends",)
    assert "hapy (did you mean happy?)" in str(table.hint())


@pytest.mark.parametrize(
    "text", ["", "- a\n", "a: [b]\n", "a: {b: c}\n", "a: happy\nA: sad\n", "{"]
)
def test_a_bad_map_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(DataError, match=r"map\.yaml"):
        read_label_map(str(tmp_path / "map.yaml"))
    with pytest.raises(UsageError, match=r"no file nothing\.yaml"):
        read_label_map("nothing.yaml")


def test_what_is_passed_over_is_named(tmp_path: Path) -> None:
    names = ("happy/a_1.jpg", "happy/a_1.tem", "notes.txt", ".DS_Store", "happy/clip.mp4", "README")
    source = listed(tmp_path, *names)
    assert sorted(source.passed_over) == sorted(f"set/{name}" for name in names[1:])


@pytest.mark.parametrize(
    "row",
    [
        "happy/1.jpg , anna",
        "happy\\1.jpg,anna",
        "/home/me/set/happy/1.jpg,anna",
        "./happy/1.jpg,anna",
        "C:\\me\\other\\happy\\1.jpg,anna",
        "1.jpg,anna",
        '"set/happy/1.jpg", "anna"',
    ],
)
@pytest.mark.parametrize(
    "header", ["file,subject", "file, subject", " File ,SUBJECT", "subject,file"]
)
def test_subjects_in_many_hands(row: str, header: str, tmp_path: Path) -> None:
    if header.startswith("subject"):
        row = ",".join(reversed(row.split(",")))
    table = tmp_path / "people.csv"
    table.write_text(f"\ufeff{header}\n{row}\n{row}\n", encoding="utf-8")
    twice = SubjectRule(table=table)
    assert twice.subject("happy/1.jpg", "set") == "anna"
    assert not twice.unused()
    table.write_text(f"{header}\n{row}\n".replace(",", ";"), encoding="utf-8")
    rule = SubjectRule(table=table)
    assert len(rule.unused()) == 1
    assert rule.subject("happy/1.jpg", "set") == "anna"
    assert rule.subject("happy/11.jpg", "set") is None
    assert not rule.unused()


def test_a_file_with_two_people_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("file,subject\na/1.jpg,anna\nb/1.jpg,bert\na/1.jpg,carl\n")
    with pytest.raises(DataError, match=r"a/1\.jpg twice, as anna \(row 2\) and as carl \(row 4\)"):
        SubjectRule(table=table)
