"""Picture files and arrays: a photo in, its working size, an illustration or an indexed picture out and in again."""

from embroider_prep.picture.indexed_png import guide_to_8bit, read_indexed, write_indexed
from embroider_prep.picture.load import SAMPLES, Picture, load
from embroider_prep.picture.mend import mend
from embroider_prep.picture.resample import over_color, to_working_size, working_size_px
from embroider_prep.picture.save import check_picture_path, save_picture

__all__ = [
    "SAMPLES",
    "Picture",
    "check_picture_path",
    "guide_to_8bit",
    "load",
    "mend",
    "over_color",
    "read_indexed",
    "save_picture",
    "to_working_size",
    "working_size_px",
    "write_indexed",
]
