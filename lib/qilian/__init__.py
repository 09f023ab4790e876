"""The executable supplement: contracts, archive, science and figures."""
