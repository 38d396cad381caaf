"""Every setting of an installation, read from ``JIEBANG_*`` variables. docs/settings.md lists them; a test compares."""

from pathlib import Path
from typing import Literal

from flask.helpers import get_debug_flag
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
DEMO_SECRET = "demo-only-secret-never-use-in-production"


class Settings(BaseSettings):
    """Defaults serve the demo on one machine with no server beside it."""

    model_config = SettingsConfigDict(env_prefix="JIEBANG_", extra="ignore")

    environment: Literal["demo", "test", "production"] = Field("demo", description="production 模式启动前会做安全自检")
    instance_path: Path = Field(ROOT / "instance", description="本安装拥有的全部文件：数据库、索引、附件、发件箱")
    database_url: str = Field("", description="留空即 instance 下的 SQLite；或 postgresql+psycopg://…")
    redis_url: str = Field("", description="留空即嵌入式队列与限流；或 redis://…")
    secret_key: SecretStr = Field(SecretStr(DEMO_SECRET), description="签名、字段加密与审计链的根密钥，至少 32 个字符")
    base_url: str = Field("http://127.0.0.1:5000", description="邮件中链接的站点地址")
    site_name: str = Field("揭榜台", description="页眉与邮件中的站点名称")
    bureau_name: str = Field("淄博市科学技术局", description="主办单位名称")
    site_name_en: str = Field("Jiebang", description="英文页面与邮件中的站点名称；留空即用中文名")
    bureau_name_en: str = Field("Zibo Science and Technology Bureau", description="主办单位英文名称；留空即用中文名")
    mail_server: str = Field("", description="SMTP 主机；留空时邮件写入 instance/outbox")
    mail_port: int = Field(465, description="SMTP 端口")
    mail_username: str = Field("", description="SMTP 用户名")
    mail_password: SecretStr = Field(SecretStr(""), description="SMTP 密码")
    mail_sender: str = Field("no-reply@example.invalid", description="发件人地址")
    sign_in_tries: int = Field(10, ge=3, description="5 分钟内同一账号从同一地址可输错密码的次数")
    sign_in_tries_per_address: int = Field(30, ge=3, description="5 分钟内同一地址对全部账号可输错密码的次数")
    sign_in_slow_from: int = Field(1000, ge=50, description="5 分钟内全站输错达到此数时，陌生设备每账号只可再试 2 次")
    secure_cookies: bool = Field(False, description="仅经 HTTPS 发送 Cookie；production 必须为 true")
    trusted_proxies: int = Field(0, description="站点前的反向代理层数")
    debug: bool = Field(False, description="调试模式；production 拒绝启动")
    upload_limit_mb: int = Field(64, description="一次请求的最大字节数（MB）")

    def site_in(self, language: str) -> str:
        return (self.site_name_en if language.startswith("en") else "") or self.site_name

    def bureau_in(self, language: str) -> str:
        return (self.bureau_name_en if language.startswith("en") else "") or self.bureau_name

    @property
    def resolved_database_url(self) -> str:
        if not self.database_url:
            return f"sqlite:///{self.instance_path.resolve() / 'jiebang.sqlite'}"
        # A bare postgresql:// would pick psycopg2, which is not installed.
        return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)

    def weaknesses(self) -> list[str]:
        """Why this installation must not start in production; empty when it may."""
        if self.environment != "production":
            return []
        secret = self.secret_key.get_secret_value()
        found = []
        if secret == DEMO_SECRET or len(secret) < 32 or len(set(secret)) < 10:
            found.append(
                "JIEBANG_SECRET_KEY 过弱或仍是演示密钥：请用 "
                "`python -c 'import secrets; print(secrets.token_urlsafe(48))'` 生成"
            )
        if self.debug or get_debug_flag():
            found.append("JIEBANG_DEBUG（及 FLASK_DEBUG、--debug）在生产模式下必须关闭")
        if not self.secure_cookies:
            found.append("JIEBANG_SECURE_COOKIES 在生产模式下必须为 true（站点须经 HTTPS 提供）")
        if not self.base_url.startswith("https://"):
            found.append("JIEBANG_BASE_URL 在生产模式下必须以 https:// 开头")
        return found
