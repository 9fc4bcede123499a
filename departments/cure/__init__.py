"""From containment to proven cure, as pages and workers need it; what changes anything lies with the actions."""
