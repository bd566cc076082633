"""Taggers: sentences and tags as data, the net that learns them, spans of tags."""
