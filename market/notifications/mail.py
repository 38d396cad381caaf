"""The mailer: SMTP, or a file a message in ``instance/outbox``."""

from flask_mailman import Mail

mail = Mail()
