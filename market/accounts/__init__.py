"""账号: users, organisations, memberships, grants, invitations; sign-in and sessions. Beside the seven names: ``sessions`` (revocable sessions), ``passwords`` (argon2id)."""
