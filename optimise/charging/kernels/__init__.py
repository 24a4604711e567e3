"""Compiled prices and flows of charging plans: arrays in, arrays out."""
