"""Pictures: Manim scenes that move boxes by what a storyboard says. They compute, format and measure nothing."""
