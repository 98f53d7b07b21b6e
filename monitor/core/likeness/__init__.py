"""How alike two texts are: fingerprints, what they share, and what that makes of them."""
