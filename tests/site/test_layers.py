"""The order of the rooms and of the files in a room (docs/architecture.md) is held by import-linter."""

from pathlib import Path

from importlinter import configuration
from importlinter.application.use_cases import lint_imports


def test_imports_go_down(capsys: object) -> None:
    configuration.configure()
    kept = lint_imports(config_filename=str(Path(__file__).parents[2] / "setup.cfg"), cache_dir=None)
    assert kept, "run `make lint` to see which import goes upward"
