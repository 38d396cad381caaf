"""Settings and permissions are documented, and production refuses to start weakly."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from market.app import UnsafeInstallation, create_app
from market.permissions import ROLE_LABELS, ROLE_PERMISSIONS, Permission, Role
from market.settings import DEMO_SECRET, Settings

DOCS = Path(__file__).parents[2] / "docs"
SAFE = {
    "environment": "production",
    "secret_key": SecretStr("kX9-v2mQpL7_sTzR4wYb8NcJ3hGdF6aE"),
    "secure_cookies": True,
    "base_url": "https://jiebang.example.invalid",
}


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"JIEBANG_{name.upper()}" not in text]
    assert missing == []


def test_every_permission_and_role_is_documented() -> None:
    text = (DOCS / "permissions.md").read_text(encoding="utf-8")
    assert [p.value for p in Permission if f"`{p.value}`" not in text] == []
    assert [r.value for r in Role if ROLE_LABELS[r] not in text] == []


def test_every_permission_is_held_by_some_role() -> None:
    held = frozenset().union(*ROLE_PERMISSIONS.values())
    assert set(Permission) - held == set()


def test_supervisor_changes_nothing_and_administrator_sees_no_business() -> None:
    verbs = {permission.value.split(":")[1] for permission in ROLE_PERMISSIONS[Role.SUPERVISOR]}
    assert verbs == {"read"}
    assert ROLE_PERMISSIONS[Role.ADMINISTRATOR] == {Permission.ACCOUNT_ADMINISTER}


@pytest.mark.parametrize(
    "weak",
    [
        {"secret_key": SecretStr(DEMO_SECRET)},
        {"secret_key": SecretStr("short")},
        {"secret_key": SecretStr("a" * 64)},
        {"debug": True},
        {"secure_cookies": False},
        {"base_url": "http://jiebang.example.invalid"},
    ],
    ids=["demo secret", "short secret", "monotonous secret", "debug", "plain cookies", "plain http"],
)
def test_production_refuses_to_start_weakly(tmp_path: Path, weak: dict[str, object]) -> None:
    with pytest.raises(UnsafeInstallation):
        create_app(Settings(**{**SAFE, "instance_path": tmp_path, **weak}))  # pyright: ignore


def test_production_starts_when_safe(tmp_path: Path) -> None:
    assert create_app(Settings(**{**SAFE, "instance_path": tmp_path})).config["SESSION_COOKIE_SECURE"]  # pyright: ignore


def test_production_refuses_weaker_durability_than_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from market import database

    # The recipe that is copied everywhere loses acknowledged commits when power fails.
    monkeypatch.setattr(database, "_configure_sqlite", lambda *_: None)
    with pytest.raises(UnsafeInstallation, match="synchronous|journal_mode|foreign_keys"):
        create_app(Settings(**{**SAFE, "instance_path": tmp_path}))  # pyright: ignore
