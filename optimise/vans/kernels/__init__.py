"""Compiled search of van routes: arrays in, arrays out."""
