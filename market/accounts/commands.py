"""``flask accounts …``: the first administrator and the districts of a new installation."""

import json
from pathlib import Path
from typing import Any

import click

from market.accounts.models import District, Grant, User
from market.accounts.passwords import hash_password, weakness
from market.audit.journal import record
from market.database import db, transaction
from market.permissions import SYSTEM, Role


@click.group("accounts")
def accounts_group() -> None:
    """账号：新安装的第一步。"""


@accounts_group.command("create-administrator")
@click.option("--email", prompt="邮箱", help="登录邮箱")
@click.option("--name", prompt="姓名", help="姓名")
@click.password_option(prompt="密码", confirmation_prompt="再输入一次", help="至少 10 个字符")
def create_administrator(email: str, name: str, password: str) -> None:
    """建立第一个系统管理员；其余人员由管理员在页面上邀请。"""
    email = email.strip().lower()
    problem = weakness(password, email=email, name=name)
    if problem or "@" not in email:
        raise click.ClickException(problem or "邮箱格式不对")
    with transaction() as session:
        if session.query(User).filter_by(email=email).first():
            raise click.ClickException("这个邮箱已有账号")
        user = User(email=email, name=name.strip(), password_hash=hash_password(password))
        session.add(user)
        session.flush()  # The grant names the person.
        session.add(Grant(user_id=user.id, role=Role.ADMINISTRATOR))
        record(SYSTEM, "user:create_administrator", user)
    click.echo(f"已建立系统管理员 {email}。")


@accounts_group.command("load-districts")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_districts(file: Path) -> None:
    """装入区县：JSON 列表，每项含 code（6 位）、name、name_en；已有的更新名称。"""
    entries: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    with transaction() as session:
        for position, entry in enumerate(entries):
            district = session.get(District, entry["code"]) or District(code=entry["code"])
            district.name, district.name_en = entry["name"], entry.get("name_en", "")
            district.position = position
            session.add(district)
        record(SYSTEM, "district:load", None, f"{len(entries)} 个")
    click.echo(f"已装入 {len(entries)} 个区县，库中共 {db.session.query(District).count()} 个。")
