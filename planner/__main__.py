"""``stockout-planner`` (or ``python -m planner``)."""

from planner.command import main

if __name__ == "__main__":
    main(prog_name="stockout-planner")
