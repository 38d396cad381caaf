"""匹配: ranked candidates with reasons, staff verdicts, invitations and answers.

``engine`` alone imports the matching library.
"""
