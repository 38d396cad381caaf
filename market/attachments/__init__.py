"""附件: an allow-list by content, limits, random names, and download only for whom the owner is visible to.

Beside the seven names: ``inspection`` (what a file really is), ``archives`` (docx and xlsx before they are inflated),
``documents`` (PDF) and ``storage`` (the folder)."""
