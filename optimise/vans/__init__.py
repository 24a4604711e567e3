"""Routes of vans that take bikes from where there are too many to where there are too few, with proof."""
