"""Which labels a folder can answer; which there are is told by what is in ``training/labels``."""


def labels(*, sales: bool, counts: bool, flags: bool) -> dict[str, str]:
    """What is missing for each label; empty: nothing.

    Args:
        sales: Whether there are sales, or counts whose falls stand in for them.
        counts: Whether there are stock counts.
        flags: Whether there are in-stock flags.
    """
    unsold = "" if sales else "there are no sales, and no counts that fall"
    return {
        "zero_sales": unsold,
        "unusual_zero": unsold,
        "inventory": "" if counts else "there are no counts of the stock (inventory)",
        "availability": "" if flags else "there are no in-stock flags (availability)",
    }
