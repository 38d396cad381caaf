"""A failure is logged with its traceback and number, and never with local variables: they hold keys and sessions."""

import pytest
from flask import Flask

from market.access import public


def test_a_failure_is_logged_without_local_variables(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> str:
        confidential = "canary " + app.config["SECRET_KEY"]
        raise RuntimeError(f"broken at length {len(confidential)}")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    endpoint = next(rule.endpoint for rule in app.url_map.iter_rules() if rule.rule == "/healthz")
    kept = app.view_functions[endpoint]
    app.view_functions[endpoint] = public(failing)
    try:
        answer = app.test_client().get("/healthz")
    finally:
        app.view_functions[endpoint] = kept
        app.config["PROPAGATE_EXCEPTIONS"] = None
    written = capsys.readouterr().err
    assert answer.status_code == 500
    assert "broken at length" in written
    assert "canary" not in written and app.config["SECRET_KEY"] not in written
