"""``flask matches quality``."""

from pathlib import Path

import click

from market.matches import quality


@click.group("matches")
def matches_group() -> None:
    """匹配。"""


@matches_group.command("quality")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=quality.GOLD_SET, help="标准集目录")
@click.option("--write", is_flag=True, help="记入 market/matches/quality.json，随版本提交")
def quality_command(data: Path, write: bool) -> None:
    """在随库的标准集上测量匹配质量；“匹配质量”页面按版本列出记下的结果。"""
    from market.errors import InvalidInput

    try:
        measured = quality.measure(data)
    except InvalidInput as problem:
        raise click.ClickException(problem.message) from problem
    click.echo(
        f"版本 {measured.version}（{measured.fingerprint}），{measured.needs} 个需求 × {measured.profiles} 个揭榜方"
    )
    for name, (value, low, high) in measured.measures.items():
        click.echo(f"  {name:<10} {value:.4f}  [{low:.4f}, {high:.4f}]")
    if write:
        quality.keep(measured)
        click.echo(f"已记入 {quality.KEPT.name}")
