"""``flask search …``: rebuild the index, compare it with the database."""

import click

from market.search import index


@click.group("search")
def search_group() -> None:
    """检索索引。"""


@search_group.command("rebuild")
def rebuild_command() -> None:
    """依数据库重建检索索引，建成后一次性替换。"""
    click.echo(f"检索索引已重建：{index.rebuild()} 篇。")


@search_group.command("verify")
def verify_command() -> None:
    """比对索引与数据库；不一致时以非零状态退出。"""
    try:
        wrong = index.differences()
    except index.IndexUnusable as problem:
        raise click.ClickException("检索索引缺失或损坏，请运行 flask --app wsgi search rebuild") from problem
    if wrong:
        raise click.ClickException(f"索引与数据库有 {len(wrong)} 处不一致，例如 {wrong[0]}；请运行 search rebuild")
    click.echo("检索索引与数据库一致。")
