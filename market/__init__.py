"""揭榜台: the web application. Every folder here is a business domain; see docs/architecture.md."""
