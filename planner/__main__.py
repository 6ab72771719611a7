"""``stockout-planner`` (or ``python -m planner``)."""

import sys

try:
    from planner.command import main
except ModuleNotFoundError as error:
    sys.exit(
        f"stockout-planner: {(error.name or '').partition('.')[0]} is not installed: pip install 'stockout-risk[planner]'"
    )

if __name__ == "__main__":
    main(prog_name="stockout-planner")
