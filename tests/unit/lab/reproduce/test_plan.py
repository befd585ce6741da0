"""Budgets by name, number and file; what they make of the methods' presets."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgan.errors import ConfigError, UsageError
from ecgan.lab.reproduce.plan import BUDGETS, METHODS, choose_methods, load_budget
from ecgan.lab.reproduce.recognizers import recognizer_config
from ecgan.lab.reproduce.translators import method_configs

EXPRESSIVE = ("happy", "sad", "angry", "fear", "disgust", "surprise")


@pytest.mark.parametrize("name", BUDGETS)
@pytest.mark.parametrize("key", METHODS)
def test_every_budget_fits_every_method_and_gives_each_the_same(name: str, key: str) -> None:
    budget = load_budget(name)
    configs = method_configs(METHODS[key], budget, budget.size, EXPRESSIVE, "features")
    assert len(configs) == (6 if key == "cyclegan" else 1)
    seen = sum((config.steps or 0) * config.batch for config in configs.values())
    assert budget.images <= seen < budget.images + 6 * budget.batch
    for config in configs.values():
        assert (config.size, config.batch) == (budget.size, budget.batch)
        assert config.objective.method == METHODS[key].preset.replace("paper", "ecgan").replace(
            "default", "ecgan"
        )


def test_cyclegan_has_one_model_an_expression_that_knows_no_z() -> None:
    budget = load_budget("smoke")
    configs = method_configs(METHODS["cyclegan"], budget, 64, EXPRESSIVE, "features")
    assert {name: config.data.expressions for name, config in configs.items()} == {
        f"run-{name}": (name,) for name in EXPRESSIVE
    }
    assert {config.generator.conditioning for config in configs.values()} == {"none"}


def test_ecgan_as_printed_takes_its_context_from_the_given_recogniser() -> None:
    config = method_configs(METHODS["paper"], load_budget("smoke"), 64, EXPRESSIVE, "some/where")
    options = config["run"].objective.context_options
    assert (options.network, options.layer) == ("some/where", "conv5_3")
    assert config["run"].objective.context > 0


def test_a_number_is_that_many_updates() -> None:
    budget = load_budget("250")
    config = method_configs(METHODS["default"], budget, budget.size, EXPRESSIVE, "features")["run"]
    assert config.steps == 250
    assert budget.common == load_budget("cpu").common


def test_a_file_is_a_budget(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("images: 10\nseeds: 7\n")
    assert load_budget(str(file)).seeds == 7
    file.write_text("image: 10\n")
    with pytest.raises(ConfigError, match=r"'image'.*did you mean 'images'"):
        load_budget(str(file))
    file.write_text("- 1\n")
    with pytest.raises(ConfigError, match="expected a mapping"):
        load_budget(str(file))
    with pytest.raises(ConfigError, match="no budget 'lots', expected smoke, cpu, full"):
        load_budget("lots")


def test_without_pairs_pix2pix_is_left_out_and_refused_when_asked_for() -> None:
    chosen, left_out = choose_methods(None, has_pairs=False)
    assert left_out == ["pix2pix"]
    assert [method.key for method in chosen] == [key for key in METHODS if key != "pix2pix"]
    with pytest.raises(UsageError, match="pix2pix learns from pixel-aligned pairs"):
        choose_methods(["default", "pix2pix"], has_pairs=False)
    with pytest.raises(UsageError, match="no method 'cycle'"):
        choose_methods(["cycle"], has_pairs=True)
    assert [m.key for m in choose_methods(["default", "pix2pix"], has_pairs=True)[0]] == [
        "pix2pix",
        "default",
    ]


@pytest.mark.parametrize(("images", "epochs"), [(100, 50), (5000, 1), (9000, 1), (7, 60)])
def test_recognisers_see_as_many_images_whatever_they_learn_from(images: int, epochs: int) -> None:
    budget = load_budget("smoke").model_copy(
        update={"recognizer_images": 5000, "recognizer_epochs": 60}
    )
    config = recognizer_config(budget, 64, images, seed=3)
    assert (config.epochs, config.patience, config.seed, config.size) == (epochs, epochs, 3, 64)
