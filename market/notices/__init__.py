"""公示与异议: the proposed award in public notice, and objections that stop the signing.

``objections`` holds the writes of objections: a life of its own beside the notice's, told in one file;
``reminders`` is what the clock tells.
"""
