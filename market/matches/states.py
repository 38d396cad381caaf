"""An invitation is answered or lapses; an answer may be given late or changed while the challenge takes bids."""

from statemachine.states import States

from market.matches.models import ChallengeInvitation, InvitationState
from market.permissions import N_, Permission
from market.workflow import BY_CLOCK, Machine, governs


@governs(ChallengeInvitation)
class InvitationMachine(Machine):
    """已邀请 → 有意揭榜 | 暂不考虑 | 谢绝; 逾期未答复 by the clock."""

    states = States.from_enum(InvitationState, initial=InvitationState.SENT, use_enum_instance=True)
    s = states
    accept = (
        s.SENT.to(s.INTERESTED) | s.NOT_NOW.to(s.INTERESTED) | s.DECLINED.to(s.INTERESTED) | s.LAPSED.to(s.INTERESTED)
    )
    postpone = s.SENT.to(s.NOT_NOW) | s.INTERESTED.to(s.NOT_NOW) | s.DECLINED.to(s.NOT_NOW) | s.LAPSED.to(s.NOT_NOW)
    decline = s.SENT.to(s.DECLINED) | s.INTERESTED.to(s.DECLINED) | s.NOT_NOW.to(s.DECLINED) | s.LAPSED.to(s.DECLINED)
    lapse = s.SENT.to(s.LAPSED)
    del s

    moves = {
        "accept": (N_("有意揭榜"), Permission.INVITATION_ANSWER),
        "postpone": (N_("暂不考虑"), Permission.INVITATION_ANSWER),
        "decline": (N_("谢绝"), Permission.INVITATION_ANSWER),
        "lapse": (N_("逾期未答复"), BY_CLOCK),
    }
