"""Requests a second that a web service answers, and the code of the service."""
