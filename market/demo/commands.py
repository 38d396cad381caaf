"""``flask demo load|run|reset``."""

import shutil
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import inspect, select

from market.accounts.models import User
from market.database import db
from market.serving import serve
from market.settings import ROOT


@click.group("demo")
def demo_group() -> None:
    """演示数据。"""


def _migrate() -> None:
    from flask_migrate import upgrade

    upgrade(directory=str(ROOT / "migrations"))


def _refuse_in_production() -> None:
    if current_app.extensions["settings"].environment == "production":
        raise click.ClickException("production 模式下不能装入演示数据")


def _is_loaded() -> bool:
    return inspect(db.engine).has_table("user") and db.session.scalar(select(User.id).limit(1)) is not None


@demo_group.command("load")
def load_command() -> None:
    """按移动的时钟重放 2021 年度，并准备进行中的 2026 批次。"""
    from market.demo.replay import load

    _refuse_in_production()
    _migrate()
    if _is_loaded():
        raise click.ClickException("库中已有数据：演示数据只装入空库。要重新开始请用 make demo-reset")
    load()


@demo_group.command("reset")
@click.option("--yes", is_flag=True, help="不再询问")
def reset_command(yes: bool) -> None:
    """清空演示安装的全部数据。"""
    _refuse_in_production()
    if not yes:
        click.confirm("将删除本安装的数据库、附件、索引与发件箱，确定吗？", abort=True)
    if db.engine.dialect.name == "sqlite":
        db.engine.dispose()
    else:
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    _empty(Path(current_app.instance_path))
    click.echo("已清空。")


def _empty(instance: Path) -> None:
    for entry in instance.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != ".gitkeep":
            entry.unlink()


@demo_group.command("run")
@click.option("--port", default=5000, show_default=True)
def run_command(port: int) -> None:
    """首次装入演示数据，随后启动站点与后台进程。"""
    from market.demo.replay import load, print_logins

    _refuse_in_production()
    _migrate()
    if not _is_loaded():
        load()
    print_logins()
    click.echo(f"\n站点：http://127.0.0.1:{port}/  （Ctrl-C 停止）")
    serve(current_app._get_current_object(), "127.0.0.1", port)  # pyright: ignore
