"""The stage drawn: one scene plays every declared film; a file a part."""

from layeranim.scenes.stage.scene import StageScene

__all__ = ["StageScene"]
