"""Picture files and arrays: a photo in, its working size, an illustration or an indexed picture out and in again."""

from embroider_prep.picture.frame import cut_frame, cut_fringe
from embroider_prep.picture.indexed_png import guide_to_8bit, read_indexed, write_indexed
from embroider_prep.picture.load import SAMPLES, Picture, box_px, load
from embroider_prep.picture.mend import mend
from embroider_prep.picture.red_eyes import mend_red_eyes
from embroider_prep.picture.resample import over_color, to_working_size, working_size_px
from embroider_prep.picture.save import check_picture_path, save_picture

__all__ = [
    "SAMPLES",
    "Picture",
    "box_px",
    "check_picture_path",
    "cut_frame",
    "cut_fringe",
    "guide_to_8bit",
    "load",
    "mend",
    "mend_red_eyes",
    "over_color",
    "read_indexed",
    "save_picture",
    "to_working_size",
    "working_size_px",
    "write_indexed",
]
