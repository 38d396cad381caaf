"""create_app(): the only composition root, and the only importer of routes."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from market import commands, web
from market.access import refuse_undeclared_routes
from market.accounts import sessions
from market.audit import journal
from market.database import configure_engine, db, durability_weaknesses
from market.home.navigation import navigation
from market.jobs import worker
from market.limits import limiter
from market.logs import configure_logs
from market.notifications.mail import mail
from market.settings import ROOT, Settings

DOMAINS = (
    "audit",
    "jobs",
    "notifications",
    "attachments",
    "sealing",
    "search",
    "accounts",
    "integrity",
    "programmes",
    "solvers",
    "needs",
    "challenges",
    "matches",
    "bids",
    "reviews",
    "notices",
    "contracts",
    "payouts",
    "events",
    "reports",
    "home",
)


class LateMigrate:
    """Flask-Migrate, imported when it is first asked for: Alembic is a fifth of the site's start-up."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        _migrate(self._app)
        return getattr(self._app.extensions["migrate"], name)


def _migrate(app: Flask) -> None:
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)


class UnsafeInstallation(RuntimeError):
    """Production mode with a weak secret, debug on, or weaker durability than promised."""


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises UndeclaredRoute or UnsafeInstallation rather than start wrongly."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue]
    configure_logs(readable=settings.environment != "production")
    _refuse(settings.weaknesses())
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    app = Flask(
        "market",
        root_path=str(ROOT / "market"),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        static_url_path="/static",
        instance_path=str(settings.instance_path.resolve()),
    )
    app.extensions["settings"] = settings
    app.url_map.converters["int"] = web.RowNumber
    _configure(app, settings)
    _connect(app)
    for domain in DOMAINS:
        _import_states(domain)
        app.register_blueprint(import_module(f"market.{domain}.routes").bp)
    web.install(app, navigation)
    commands.install(app)
    refuse_undeclared_routes(app)
    if settings.environment == "production":
        with app.app_context():
            _refuse(durability_weaknesses(db.engine))
    return app


def _import_states(domain: str) -> None:
    """Tables, machines and reminders register themselves when imported: no page of the room need name them."""
    for name in ("models", "states", "reminders"):
        if Path(ROOT / "market" / domain / f"{name}.py").exists():
            import_module(f"market.{domain}.{name}")


def _refuse(weaknesses: list[str]) -> None:
    if weaknesses:
        raise UnsafeInstallation("；".join(weaknesses))


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        DEBUG=settings.debug,
        TESTING=settings.environment == "test",
        SQLALCHEMY_DATABASE_URI=settings.resolved_database_url,
        # What a refused statement was about to write is no business of the logs.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        SESSION_COOKIE_NAME="__Host-jiebang" if settings.secure_cookies else "jiebang",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        MAX_CONTENT_LENGTH=settings.upload_limit_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=3000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_ENABLED=settings.environment != "test",
        BABEL_DEFAULT_LOCALE="zh",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        RATELIMIT_ENABLED=settings.environment != "test",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=bool(settings.redis_url),
        MAIL_BACKEND="smtp" if settings.mail_server else "file",
        MAIL_FILE_PATH=str(settings.instance_path / "outbox"),
        MAIL_SERVER=settings.mail_server,
        MAIL_PORT=settings.mail_port,
        MAIL_TIMEOUT=10,
        MAIL_USE_SSL=settings.mail_port == 465,
        MAIL_USE_TLS=settings.mail_port == 587,
        MAIL_USERNAME=settings.mail_username or None,
        MAIL_PASSWORD=settings.mail_password.get_secret_value() or None,
        MAIL_DEFAULT_SENDER=settings.mail_sender,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # pyright: ignore[reportAttributeAccessIssue]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _connect(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        configure_engine(db.engine)
    if click.get_current_context(silent=True) is not None:
        _migrate(app)  # On the command line: ``flask db`` must be there.
    else:
        app.extensions["migrate"] = LateMigrate(app)
    Babel(app, locale_selector=web.select_locale, default_translation_directories=str(ROOT / "market" / "translations"))
    CSRFProtect(app)
    limiter.init_app(app)
    mail.init_app(app)
    journal.install()
    sessions.install(app)
    worker.install()
