"""The ``flask`` command line of an installation."""

import click
from flask import Flask

from market.audit.verify import verify
from market.database import db


def install(app: Flask) -> None:
    app.cli.add_command(audit_group)
    app.cli.add_command(worker_command)


@click.group("audit")
def audit_group() -> None:
    """审计链。"""


@audit_group.command("verify")
def audit_verify() -> None:
    """核对审计链，并逐行比对业务数据；发现问题时以非零状态退出。"""
    checked, finding = verify(db.session())
    if finding:
        raise click.ClickException(f"审计核对不通过：{finding.where}：{finding.what}")
    click.echo(f"审计核对通过：{checked} 条记录首尾相接，业务数据与记录一致。")


@click.command("worker")
def worker_command() -> None:
    """后台进程：投递消息与邮件、更新索引与匹配、按时截止。"""
    from flask import current_app

    from market.jobs.worker import run_worker

    run_worker(current_app._get_current_object())  # pyright: ignore
