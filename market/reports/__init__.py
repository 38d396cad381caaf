"""统计: indicators J01–J19 computed from rows; owns no business rows.

Beside the seven names: ``indicators`` and ``durations`` (what each number counts, as a select whose rows the page
opens), ``catalogue`` (their names, order and definitions), ``export`` (xlsx),
``commands`` (``flask report annual``).
"""
