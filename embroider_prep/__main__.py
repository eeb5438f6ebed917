"""``python -m embroider_prep`` is ``embroider-prep``."""

from embroider_prep.cli import main

if __name__ == "__main__":
    main()
