"""The edge: errors to HTTP (HTML and JSON), security headers, locale, what every template may use."""

import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    has_request_context,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import LazyString, get_locale, get_translations
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import IntegerConverter

from market import clock, errors, money
from market.access import PasswordConfirmationRequired, SignInRequired, actor, public
from market.database import db

log = structlog.get_logger()
bp = Blueprint("web", __name__)

STATUS: list[tuple[type[errors.DomainError], int]] = [
    (SignInRequired, 401),
    (errors.NotFound, 404),
    (errors.NotAllowed, 403),
    (errors.IllegalMove, 409),
    (errors.Conflict, 409),
    (errors.InvalidInput, 422),
]
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" and request.accept_mimetypes["text/html"] < 1


def error_page(status: int, message: str) -> tuple[Response | str, int]:
    """The error in the form the asker reads. 422 is shown as a 400 page: forms show theirs beside the fields."""
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    if wants_json():
        return jsonify(error={"status": status, "title": str(title), "message": message}), status
    page = status if status in (400, 403, 404, 409, 413, 429, 500, 503) else 400
    return render_template(f"errors/{page}.html", title=title, message=message), status


_TITLES: dict[int, Any] = {
    400: _l("请求有误"),
    401: _l("请先登录"),
    403: _l("没有权限"),
    404: _l("页面不存在"),
    405: _l("请求方式不对"),
    409: _l("状态已变化"),
    413: _l("文件太大"),
    422: _l("填写有误"),
    429: _l("操作过于频繁"),
    500: _l("系统出错了"),
    503: _l("系统暂时不可用"),
}


def _domain_error(problem: errors.DomainError) -> Any:
    status = next(status for kind, status in STATUS if isinstance(problem, kind))
    if status == 401 and not wants_json() and request.method == "GET":
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    if isinstance(problem, PasswordConfirmationRequired) and not wants_json():
        return redirect(url_for("accounts.confirm", next=_page_to_return_to()), 303)
    return error_page(status, problem.message or str(_("没有找到您要的内容")))


def _page_to_return_to() -> str:
    """After a confirmed password: the page itself, or the page whose form was sent (a POST cannot be repeated)."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    try:
        came_from = urlsplit(request.referrer or "")
    except ValueError:
        return url_for("home.workspace")
    here = came_from.netloc == request.host
    return came_from.path + (f"?{came_from.query}" if came_from.query else "") if here else url_for("home.workspace")


def _http_error(problem: HTTPException) -> Any:
    status = problem.code or 500
    if status < 400:
        return problem
    message = {
        404: _("没有找到您要的页面，可能已经移动或不对您开放"),
        405: _("这个地址不接受这种请求"),
        413: _("上传的内容超过了大小上限，请压缩或分开上传"),
    }.get(status, _("请求无法处理，请返回上一页核对后重试"))
    return error_page(status, str(message))


def _csrf_error(_problem: CSRFError) -> Any:
    return error_page(400, _("页面停留过久或会话已变化，请返回上一页刷新后再提交，已填写的内容浏览器会保留"))


def _too_many(_problem: RateLimitExceeded) -> Any:
    return error_page(429, _("操作过于频繁，请稍候几分钟再试"))


def _unexpected(problem: Exception) -> Any:
    db.session.rollback()
    log.exception("request.failed", path=request.path, request_id=g.get("request_id"))
    if isinstance(problem, OperationalError):
        return error_page(503, _("数据库暂时繁忙，您的操作没有生效，请稍候重试"))
    return error_page(500, _("系统出错了，您的操作没有生效。请把编号 %(id)s 告诉管理员", id=g.get("request_id", "")))


def select_locale() -> str:
    """What the person chose, else Chinese: the bureau's language. English browsers get English."""
    if not has_request_context():
        return "zh"
    chosen = session.get("locale")
    if chosen in ("zh", "en"):
        return chosen
    return request.accept_languages.best_match(["zh", "en"], default="zh") or "zh"


@bp.post("/locale")
@public
def set_locale() -> Any:
    """Switch the language and stay on the page."""
    session["locale"] = "en" if request.form.get("locale") == "en" else "zh"
    return redirect(safe_next(request.form.get("next")))


def safe_next(target: str | None, default: str = "home.front") -> str:
    """A path of this site, else the ``default`` endpoint: never another host.

    Browsers read a backslash as a slash and drop tabs and line breaks, so neither may stand in the path.
    """
    harmless = target and target.startswith("/") and not target.startswith("//")
    if target and harmless and not {"\\", "\ufffd"} & set(target) and target.isprintable():
        return target
    return url_for(default)


def page_url(number: int) -> str:
    """This page's address at another page number, filters kept."""
    arguments: dict[str, Any] = {**(request.view_args or {}), **request.args.to_dict(flat=False), "page": number}
    return url_for(request.endpoint or "home.front", **arguments)


def _secure(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if actor().is_signed_in:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


class RowNumber(IntegerConverter):
    """``<int:…>`` of every route: a number beyond what a key column holds is no address (404)."""

    def __init__(self, map: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", 2**31 - 1)
        super().__init__(map, *args, **kwargs)


def _without_nul() -> None:
    """PostgreSQL takes no NUL: an address with one leads nowhere, in a query it is an undecodable character."""
    if any("\0" in value for value in (request.view_args or {}).values() if isinstance(value, str)):
        raise NotFound
    if "%00" in request.query_string.decode("latin-1"):
        request.args = ImmutableMultiDict(  # pyright: ignore[reportAttributeAccessIssue]
            (name, value.replace("\0", "\ufffd")) for name, value in request.args.items(multi=True)
        )


def _number_request() -> None:
    g.request_id = secrets.token_hex(6)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def moment_text(value: Any, seconds: bool = False) -> str:
    if value is None:
        return "—"
    return clock.local(value).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def lines(value: str | None) -> Markup:
    """Plain text with its line breaks, escaped."""
    return Markup("<br>").join((value or "").splitlines())


def _translations() -> Any:
    """The reader's catalogue, looked up once a request: a page has hundreds of texts."""
    found = g.get("translations")
    if found is None:
        found = g.translations = get_translations()
    return found


def translated(text: str, /, **values: Any) -> Markup:
    """``_()`` of templates: as Jinja's own, but straight to the catalogue. Values are escaped, the text is ours."""
    found = Markup(_translations().ugettext(text))  # noqa: S704 (from the catalogue)
    return found % values if "%" in found else found


def named(thing: Any) -> str:
    """A district's or organisation's name in the reader's language where it has one."""
    return (thing.name_en if reads_english() else "") or thing.name


def reads_english() -> bool:
    """Whether the page is in English, asked once a request: amounts and names ask in every row."""
    found = g.get("reads_english")
    if found is None:
        found = g.reads_english = str(get_locale()) == "en"
    return found


def icon_sprite() -> str:
    """The address of the icons, built once a request: a page draws dozens."""
    found = g.get("icon_sprite")
    if found is None:
        found = g.icon_sprite = url_for("static", filename="vendor/tabler-icons@3.51.0/icons.svg")
    return found


def install(app: Flask, navigation: Callable[[], dict[str, Any]]) -> None:
    """Attach everything above; ``navigation`` gives the signed-in shell its menu and counts."""
    app.before_request(_number_request)
    app.before_request(_without_nul)
    app.after_request(_secure)
    app.register_blueprint(bp)
    handlers: list[tuple[Any, Any]] = [
        (errors.DomainError, _domain_error),
        (CSRFError, _csrf_error),
        (RateLimitExceeded, _too_many),
        (HTTPException, _http_error),
        (Exception, _unexpected),
    ]
    for kind, responder in handlers:
        app.register_error_handler(kind, responder)
    app.jinja_env.filters.update(
        wan=money.format_wan, yuan=money.format_yuan, moment=moment_text, lines=lines, named=named
    )
    settings = app.extensions["settings"]
    app.jinja_env.globals.update(
        actor=actor,
        icon_sprite=icon_sprite,
        reads_english=reads_english,
        page_url=page_url,
        now=clock.now,
        today=clock.today,
        site_name=LazyString(lambda: settings.site_in(str(get_locale()))),
        bureau_name=LazyString(lambda: settings.bureau_in(str(get_locale()))),
        get_locale=get_locale,
    )
    app.jinja_env.install_gettext_callables(  # pyright: ignore[reportAttributeAccessIssue]
        lambda text: _translations().ugettext(text),
        lambda one, many, n: _translations().ungettext(one, many, n),
        newstyle=True,
        pgettext=lambda context, text: _translations().upgettext(context, text),
    )
    app.jinja_env.globals["_"] = translated
    app.context_processor(navigation)
