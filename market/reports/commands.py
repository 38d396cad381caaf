"""``flask report annual --year N``."""

import click

from market.reports.queries import annual_sentence


@click.group("report")
def report_group() -> None:
    """统计。"""


@report_group.command("annual")
@click.option("--year", type=click.IntRange(2000, 2100), required=True, help="年度")
def annual(year: int) -> None:
    """打印年度报告中的一句话，逐项由数据行计算。"""
    click.echo(annual_sentence(year))
