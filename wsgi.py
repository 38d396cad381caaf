"""The WSGI entry: ``gunicorn wsgi:app``, ``flask --app wsgi …``."""

import gc

# Nothing made while starting is garbage: the collector would walk it for a fifth of the start-up and, in workers
# forked later, copy the pages they share.
gc.disable()

from market.app import create_app  # noqa: E402

app = create_app()
gc.freeze()
gc.enable()
