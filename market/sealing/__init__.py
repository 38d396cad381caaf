"""密封: keys, field encryption, sealing and opening of bids.

Beside the seven names: ``fields`` (encrypted column types),
``envelope`` (HPKE and padding), ``locks`` (an officer's passphrase), ``keys`` (a challenge's key and its shares)."""
