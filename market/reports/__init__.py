"""统计: indicators J01–J19 computed from rows; owns no business rows but the months that were frozen.

Beside the seven names: ``indicators``, ``funds`` and ``durations`` (what each number counts, as a select whose rows the
page opens), ``catalogue`` (their names, order and definitions), ``month_routes`` (frozen months), ``blueprint`` (which
both files of routes add to), ``export`` (xlsx), ``commands`` (``flask report annual``).
"""
