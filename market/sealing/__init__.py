"""密封: keys, field encryption, sealing and opening of bids. Beside the seven names: ``fields`` (encrypted column types),
``envelope`` (HPKE), ``keys`` (officers' keys and shares of a challenge's key)."""
