"""消息: the inbox and mail.

``mail`` is the mailer; ``once`` is what the clock of the higher rooms reminds with.
"""
