"""Compiled parts of the search for dispatch points: arrays in, arrays out."""
