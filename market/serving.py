"""Run the site on one machine: waitress in this process, the worker in a second one that stops with it."""

import os
import signal
import subprocess
import sys
from types import FrameType

import click
from flask import Flask


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until stopped. The worker is a process of its own: it alone writes the index and handles its signals."""
    from waitress import serve as waitress_serve

    settings = app.extensions["settings"]
    if "base_url" not in settings.model_fields_set:  # Links in mails lead to where this site really answers.
        named = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 (where it answers, not where it listens)
        app.extensions["settings"] = settings.model_copy(update={"base_url": f"http://{named}:{port}"})
    environment = {**os.environ, "JIEBANG_BASE_URL": app.extensions["settings"].base_url}
    worker = subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "worker"], env=environment)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)  # also where a shell started us in the background with SIGINT ignored
    try:
        waitress_serve(app, host=host, port=port, threads=8, ident=None, clear_untrusted_proxy_headers=True)
    except OSError as problem:
        raise click.ClickException(
            f"端口 {port} 不可用：{problem.strerror}。可以换一个：make demo PORT=5050"
        ) from problem
    finally:
        worker.terminate()
        try:
            worker.wait(timeout=10)
        except subprocess.TimeoutExpired:
            worker.kill()
