"""The version of this package; it stands alone, so that whoever needs it need not import everything."""

__version__ = "0.2.0"
