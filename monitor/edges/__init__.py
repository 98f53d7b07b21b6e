"""Everything that touches the world; none of these rooms knows another."""
