"""消息: the inbox and mail."""
