"""匹配: ranked candidates with reasons, staff verdicts, invitations and answers.

``engine`` alone imports the matching library. ``constraints`` says what besides the text speaks for or against a
solver; ``invitations`` holds the use cases of inviting and answering, ``alternates`` what the clock does with them and
who follows when a team drops out. ``suggestions`` (tables in ``suggestion_models``) tells solvers of challenges that
fit; ``outlook`` and ``wording`` are what a firm learns before posting. ``blueprint`` is shared by ``routes`` (staff,
poster), ``solver_routes``, ``outlook_routes`` and ``health_routes``.

Staff's other pages: ``filters`` and ``comparison`` of candidates, ``health`` (with ``health_routes``) and ``quality``,
what the library measured on its gold set, by version (``commands`` measures). ``vocabulary`` picks the uncovered words
that are worth telling.
"""
