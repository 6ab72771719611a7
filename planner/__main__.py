"""``stockout-planner`` (or ``python -m planner``)."""

import sys

try:
    from planner.command import main
except ModuleNotFoundError as error:
    lacking = (error.name or "").partition(".")[0]
    sys.exit(f"stockout-planner: {lacking} is not installed: pip install 'stockout-risk[planner]'")

if __name__ == "__main__":
    main(prog_name="stockout-planner")
