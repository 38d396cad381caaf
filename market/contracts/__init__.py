"""合同: parties, amounts, milestones, frozen indicators, acceptance of milestones."""
