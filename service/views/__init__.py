"""The views: derived, disposable, each with a watermark."""
