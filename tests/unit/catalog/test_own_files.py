"""Files of the user's own: models, families and prices beside the packaged ones."""

from pathlib import Path

import pytest

from rushes.catalog import load
from rushes.errors import CatalogError
from rushes.requests import check, price

HEAD = 'schema = 1\n\n[provider]\nid = "mediaio"\n'
BOAT = """
[[model]]
id = "paper-boat"
name = "Paper Boat"
capabilities = ["text-to-video"]
path = "/generation/boat/t2v-paper-boat"
params = [
  { name = "prompt", wire = "text", kind = "text", form = "string", required = true },
  { name = "duration", wire = "length", kind = "choice", form = "seconds", choices = [5, 10], \
default = 5 },
]
prices = [{ per = "second", rate = 1.5, as_of = "2026-10" }]
"""


def write(home: Path, text: str, name: str = "mine.toml") -> Path:
    folder = home / "catalog"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(home: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        load(home)
    return str(caught.value)


def test_no_folder_is_no_fault(tmp_path: Path) -> None:
    """Without files of the user's own the catalog is the packaged one."""
    assert len(load(tmp_path).models()) == 31


def test_a_file_adds_a_model(tmp_path: Path) -> None:
    """An added model is found, checked and priced like any other."""
    write(tmp_path, HEAD + BOAT)
    catalog = load(tmp_path)
    model = catalog.find("Paper Boat")
    assert model.full_id == "mediaio/paper-boat"
    assert model in catalog.models(provider="mediaio")
    checked = check(model, {"prompt": "a boat", "length": "5s"})
    assert checked.problems == ()
    assert price(model, checked.values) == 8
    assert model.price is not None
    assert model.price.source == "user"


def test_a_file_overrides_a_price(tmp_path: Path) -> None:
    """The user's price holds, marked as theirs; the packaged one stays as the older."""
    text = 'schema = 1\n[provider]\nid = "aivideomaker"\n'
    text += '[[price]]\nmodel = "t2v"\nprice = { per = "second", rate = 7, as_of = "2026-11-01" }\n'
    write(tmp_path, text)
    model = load(tmp_path).model("aivideomaker/t2v")
    assert price(model, {"duration": 5}) == 35
    assert [each.source for each in model.prices] == ["contract", "contract", "user"]
    packaged = load().model("aivideomaker/t2v")
    assert price(packaged, {"duration": 5}) == 15


def test_a_file_prices_a_model_that_has_no_price(tmp_path: Path) -> None:
    """A rate by parameter value works in an own file too."""
    rates = 'by = "count", rates = { "1" = 4, "2" = 8, "3" = 12, "4" = 16 }'
    write(
        tmp_path,
        f'{HEAD}[[price]]\nmodel = "imagen-4"\n'
        f'price = {{ per = "generation", {rates}, as_of = "2026-11", source = "my invoice" }}\n',
    )
    model = load(tmp_path).model("mediaio/imagen-4")
    assert price(model, {"count": 3}) == 12
    assert model.price is not None
    assert model.price.source == "my invoice"


def test_a_file_adds_a_family(tmp_path: Path) -> None:
    """A short id of the user's own picks among its members."""
    family = '[[family]]\nid = "boat"\nmembers = ["kling-3.0", "paper-boat"]\n'
    write(tmp_path, HEAD + BOAT + family)
    catalog = load(tmp_path)
    assert catalog.find("boat").id == "paper-boat"
    assert catalog.find("boat", given=["image"]).id == "kling-3.0"
    assert "boat" in [each.id for each in catalog.families("mediaio")]


def test_several_files_add_up(tmp_path: Path) -> None:
    """A later file may price what an earlier one adds."""
    write(tmp_path, HEAD + BOAT, "a.toml")
    over = (
        '[[price]]\nmodel = "paper-boat"\nprice = { per = "second", rate = 2, as_of = "2026-11" }\n'
    )
    write(tmp_path, HEAD + over, "b.toml")
    assert price(load(tmp_path).find("paper-boat"), {"duration": 5}) == 10


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("schema = 1\nprovider = [", "is not TOML"),
        (HEAD.replace("schema = 1", "schema = 2"), "schema"),
        (HEAD.replace("mediaio", "other"), "there is no provider 'other'"),
        (HEAD + "[extra]\n", "unknown field `extra`"),
        (HEAD + BOAT.replace("path =", "paht ="), "model paper-boat"),
        (HEAD + BOAT.replace('wire = "text", ', ""), "`$.model[0].params[0]`"),
        (HEAD + BOAT.replace("default = 5", "default = 7"), "default 7 is not among its choices"),
        (HEAD + BOAT.replace('"length"', '"text"'), "share the wire name text"),
        (
            HEAD
            + '[[price]]\nmodel = "boat"\nprice = { per = "second", rate = 2, as_of = "2026" }',
            "price boat: mediaio has no model",
        ),
        (
            HEAD + '[[price]]\nmodel = "imagen-4"\n'
            'price = { per = "second", rate = 2, as_of = "2026-11" }',
            "model imagen-4: price of 2026-11: per second, but the model has no duration",
        ),
        (
            HEAD + '[[family]]\nid = "boat"\nmembers = ["kling-3.0", "no-such"]\n',
            "family boat: there is no model no-such",
        ),
        (
            HEAD + '[[family]]\nid = "boat"\nmembers = ["kling-3.0"]\n',
            "family boat: needs two members",
        ),
    ],
)
def test_a_bad_file_is_refused_with_file_entry_and_fault(
    tmp_path: Path, text: str, fault: str
) -> None:
    """The error names the file and what in it is wrong, and says what to do."""
    path = write(tmp_path, text)
    message = refused(tmp_path)
    assert message.startswith(f"{path}: ")
    assert fault in message
    assert "Mend the file" in message


def test_all_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    """Two faults make two lines."""
    path = write(
        tmp_path,
        HEAD + BOAT.replace("default = 5", "default = 7").replace("2026-10", "lately"),
    )
    message = refused(tmp_path)
    assert message.count(str(path)) == 2


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (('id = "paper-boat"', 'id = "kling-3.0"'), ("kling-3.0", "mediaio/kling-3.0")),
        (("Paper Boat", "Kling 3.0"), ("kling-3.0", "paper-boat")),
        (("Paper Boat", "i2v_kling v3-0"), ("kling-3.0", "paper-boat")),
        (("Paper Boat", "Wan 2.6"), ("wan-2.6", "paper-boat")),
        (('id = "paper-boat"', 'id = "p"\naliases = ["veo-3.1"]'), ("google-veo-3.1", "p")),
    ],
)
def test_a_name_that_is_taken_is_refused_with_both_named(
    tmp_path: Path, change: tuple[str, str], names: tuple[str, str]
) -> None:
    """Id, name, model code, family and alias may not clash within a provider."""
    path = write(tmp_path, HEAD + BOAT.replace(*change))
    message = refused(tmp_path)
    assert str(path) in message
    assert all(name in message for name in names)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are said to be no TOML."""
    path = write(tmp_path, HEAD)
    path.write_bytes(b"\xff\xfe")
    assert "is not TOML" in refused(tmp_path)
