"""计划、批次与规则: every limit, ratio and clock that differs between cities.

Beside the seven names: ``rules`` (the typed content of ProgrammeRules) and ``labels`` (what each rule is called, in
groups, for forms and comparisons).
"""
