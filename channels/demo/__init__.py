"""The made-up district and the driver that keeps it alive."""
