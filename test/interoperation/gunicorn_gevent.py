"""gunicorn's settings for gevent with --preload: gevent has to patch before ssl is imported."""

from gevent import monkey

monkey.patch_all()
