"""The ``flask`` command line of an installation."""

import click
from flask import Flask, current_app

from market.accounts.commands import accounts_group
from market.audit.verify import verify
from market.database import db
from market.demo.commands import demo_group
from market.matches.commands import matches_group
from market.payouts.commands import ledger_group
from market.reports.commands import report_group
from market.search.commands import search_group
from market.serving import serve


def install(app: Flask) -> None:
    for command in (
        accounts_group,
        audit_group,
        ledger_group,
        matches_group,
        report_group,
        search_group,
        demo_group,
        worker_command,
        serve_command,
    ):
        app.cli.add_command(command)


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
    from market.jobs.worker import run_worker

    run_worker(current_app._get_current_object())  # pyright: ignore


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5000, show_default=True)
def serve_command(host: str, port: int) -> None:
    """在本机提供站点与后台进程（正式部署见 docs/deployment.md）。"""
    serve(current_app._get_current_object(), host, port)  # pyright: ignore
