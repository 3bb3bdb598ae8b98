import re
from pathlib import Path

import pytest
from PIL import Image

from .examples import Block, run_console

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
SECTIONS = re.findall(
    r"^#+ (rushes[^\n]*)\n\n```text\n(.*?)^```$",
    PAGE.read_text(encoding="utf-8") if PAGE.is_file() else "",
    re.DOTALL | re.MULTILINE,
)
EXAMPLES = {
    command: found
    for command, text in SECTIONS
    if (found := re.findall(r"^ +\$ ((?:.+\\\n +)*.+)$", text, re.MULTILINE))
}
SPARED = {
    "runs until it is stopped": r"rushes (sandbox|worker)\b",
    "needs a real key": r"rushes keys (set|rotate)",
    "opens a program of yours": r"rushes jobs open",
    "changes your shell": r"completion",
}


def _is_spared(example: str) -> bool:
    return any(re.search(pattern, example) for pattern in SPARED.values())


@pytest.mark.parametrize("command", EXAMPLES)
def test_examples_of_the_help_work(
    command: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """What a command's help gives as examples can be typed as it stands, one after another."""
    folder = tmp_path / "work"
    folder.mkdir()
    examples = [example for example in EXAMPLES[command] if not _is_spared(example)]
    for name in re.findall(r"[\w-]+\.(?:png|jpg)\b", " ".join(examples)):
        Image.new("RGB", (1280, 720), "#446688").save(folder / name)
    text = "".join(f"$ {example}\n" for example in examples)
    run_console(Block(f"{PAGE.name}, {command}", 0, "console", text, None), folder, environment)


def test_the_help_has_examples() -> None:
    """Most commands have examples, and most of these are run."""
    assert len(EXAMPLES) > len(SECTIONS) / 2
    every = [example for examples in EXAMPLES.values() for example in examples]
    assert len([example for example in every if not _is_spared(example)]) >= 10
