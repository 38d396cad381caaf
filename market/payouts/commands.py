"""``flask ledger verify``."""

import click

from market.database import db
from market.payouts.verification import verify


@click.group("ledger")
def ledger_group() -> None:
    """资金账簿。"""


@ledger_group.command("verify")
def ledger_verify() -> None:
    """核对账簿：划转链、账户合计、每笔兑付的占用与支付；发现问题时指出行并以非零状态退出。"""
    checked, finding = verify(db.session())
    if finding:
        raise click.ClickException(f"账簿核对不通过：{finding.where}：{finding.what}")
    click.echo(f"账簿核对通过：{checked} 条划转首尾相接，合计一致，每一分钱都有来源和去向。")
