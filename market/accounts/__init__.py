"""账号: people, their organisations, what they may do, and how they sign in.

Beside the seven files: ``sessions`` (signed-in browsers), ``devices`` (browsers
used before), ``guessing`` (what slows it), ``passwords`` (hashing), ``credentials`` (the operations on
passwords and sessions), ``grants`` (roles given and taken), and one file of routes for each group of pages
(``sign_in_routes``, ``organisation_routes``, ``user_routes``) on the one ``blueprint``; ``commands`` opens a new
installation.
"""
