"""榜单: versions, posting after approval, closing by the clock, extension, no award, relisting."""
