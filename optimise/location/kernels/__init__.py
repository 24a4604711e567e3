"""Compiled searches and bounds on siting problems: arrays in, arrays out, whole numbers wherever a plan is decided."""
