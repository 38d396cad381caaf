"""An invitation is answered; an answer may be changed while the challenge takes bids."""

from statemachine.states import States

from market.matches.models import ChallengeInvitation, InvitationState
from market.permissions import Permission
from market.workflow import Machine, governs


@governs(ChallengeInvitation)
class InvitationMachine(Machine):
    """已邀请 → 有意揭榜 | 暂不考虑 | 谢绝."""

    states = States.from_enum(InvitationState, initial=InvitationState.SENT, use_enum_instance=True)
    s = states
    accept = s.SENT.to(s.INTERESTED) | s.NOT_NOW.to(s.INTERESTED) | s.DECLINED.to(s.INTERESTED)
    postpone = s.SENT.to(s.NOT_NOW) | s.INTERESTED.to(s.NOT_NOW)
    decline = s.SENT.to(s.DECLINED) | s.INTERESTED.to(s.DECLINED) | s.NOT_NOW.to(s.DECLINED)
    del s

    moves = {
        "accept": ("有意揭榜", Permission.INVITATION_ANSWER),
        "postpone": ("暂不考虑", Permission.INVITATION_ANSWER),
        "decline": ("谢绝", Permission.INVITATION_ANSWER),
    }
