"""Wiring: settings, URLs, Celery, ASGI. It stands above every room, and no room imports it."""

from attune.celery import app as celery_app

__all__ = ("celery_app",)
