"""``flask ledger verify``."""

import click


@click.group("ledger")
def ledger_group() -> None:
    """资金账。"""
