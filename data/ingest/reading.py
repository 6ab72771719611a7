"""How a table's files are to be read, as far as the seller says so; the rest is told from the files themselves."""

from dataclasses import dataclass

REFUSE, NET, IGNORE = "refuse", "net", "ignore"
DAYS, NOTHING = "days", "nothing"

CHOICES = {
    "decimal": (".", ","),
    "thousands": (".", ","),
    "date_order": ("dmy", "mdy", "ymd"),
    "returns": (REFUSE, NET, IGNORE),
    "replaces": (DAYS, NOTHING),
}
"""What the settings of a few words may be."""

OF_FILES = ("files", "sheet", "delimiter", "encoding", "quote")
"""Settings that say nothing about a query."""


@dataclass(frozen=True)
class Reading:
    """Settings of one table; None or empty: not said.

    Attributes:
        files: Names, patterns such as ``sales_*.csv`` or folders, within the data folder.
        query: In SQL, that gives the table's rows out of the seller's database, in the place of files.
        sheet: Of an XLSX file.
        delimiter: Between the fields of a CSV file, one character.
        encoding: Of a CSV file, e.g. ``cp1252``.
        quote: The quotation mark of a CSV file, one character.
        decimal: The decimal sign, ``.`` or ``,``.
        thousands: What groups digits, ``.`` or ``,``.
        date_order: ``dmy``, ``mdy`` or ``ymd``.
        date_format: Of dates in any other form, in the signs of ``strptime``, e.g. ``%d %b %Y``.
        key: Columns of the file that name a sale line, so that a repeated one is dropped; empty: every row is one.
        returns: What a negative quantity is: refused as a bad row, netted off the week's sales, or ignored and counted.
        replaces: What a later file of sales without a key replaces of a history: what was known of its ``days``, or
            ``nothing``.
    """

    files: tuple[str, ...] = ()
    query: str = ""
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    quote: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    date_order: str | None = None
    date_format: str | None = None
    key: tuple[str, ...] | None = None
    returns: str = REFUSE
    replaces: str | None = None

    @property
    def decimal_sign(self) -> str | None:
        """The decimal sign, as it is said or follows from what groups thousands."""
        return self.decimal or {".": ",", ",": "."}.get(self.thousands or "")


@dataclass(frozen=True)
class IdForm:
    """What is done to ids before tables are joined by them; as it stands: nothing.

    Attributes:
        zero_pad: Digits to which numbers are filled with zeros, 0: none.
        unicode: ``NFC`` where letters with accents are one sign in some files and two in others.
        trim: Whether spaces around an id are dropped.
        min_join_share: Share of the smaller table's ids that must be in the other one.
    """

    zero_pad: int = 0
    unicode: str | None = None
    trim: bool = False
    min_join_share: float = 0.5


UNSAID = Reading()
IDS_AS_THEY_STAND = IdForm()
