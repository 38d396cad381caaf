"""科研诚信: records of breach with a period, and the check every gate asks."""
