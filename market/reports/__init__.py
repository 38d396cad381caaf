"""统计: indicators J01–J19 computed from rows; owns no business rows.

Beside the seven names: ``indicators`` (what each number counts, as a select whose rows the page opens), ``export`` (xlsx)
and ``commands`` (``flask report annual``).
"""
