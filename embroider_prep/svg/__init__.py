"""Plans as drawings for Inkscape with Ink/Stitch, and drawings read again: stitches point for point, or shapes."""

from embroider_prep.svg.write import plan_to_svg

__all__ = ["plan_to_svg"]
