"""对接活动: events, attendance, contacts."""
