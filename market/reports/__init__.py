"""统计: indicators J01–J19 computed from rows; owns no business rows."""
