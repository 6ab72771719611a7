"""What comes out over HTTP, as the OpenAPI page shows it; what goes in is in ``bento.requests``."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field


class RowAlerts(BaseModel):
    """One alert per row: the original system's answer."""

    stockout_prediction: list[int]


class _Provenance(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    model_version: str
    feature_set: str
    label: str
    evidence: str
    threshold: float = Field(
        description="An alert is raised from here: by product id the served snapshot's, for rows the model's own, "
        "which is one of the probability."
    )
    horizon_weeks: int


class Probabilities(_Provenance):
    """One probability per row; null where the label does not apply."""

    probabilities: list[float | None]


class Reason(BaseModel):
    """One feature's part in a probability."""

    feature: str = Field(description="The feature's name.")
    value: float | None = Field(description="Its value; null where it is not known.")
    contribution: float = Field(description="What it adds, in log-odds: positive raises the risk.")
    text: str = Field(description="The same in words.")


class Risk(BaseModel):
    """The probability that a product runs out, and what follows for a planner; null is what cannot be known."""

    product_id: str = Field(description="The id as it was asked.")
    probability: float = Field(description="In [0, 1], by the answer's model_version; of what, say label and evidence.")
    alert: bool | None = Field(
        description="Whether the risk that alerts go by reaches the threshold; null where the figures of a past week "
        "are of another model than the probability, and one of the two gives no curve."
    )
    units_on_hand: float | None = Field(
        description="The count recorded last, or else the last one at the as_of week; null where no stock is known."
    )
    counted_on: dt.date | None = Field(description="The day of it; null where no stock is known.")
    count_recorded: bool = Field(description="Whether that count was recorded after the snapshot's.")
    expected_demand_units: float | None = Field(description="Mean of the demand forecast over the whole horizon.")
    expected_units_lost: float | None = Field(
        description="Mean demand beyond the units on hand over the horizon; null where no stock is known."
    )
    revenue_at_risk: float | None = Field(
        description="expected_units_lost times the last known price, in the currency of the data."
    )
    weeks_of_cover: float | None = Field(description="Units on hand divided by the mean weekly demand forecast.")
    expected_stockout_date: dt.date | None = Field(
        description="The day on which mean demand uses up the stock; null where weeks_of_cover is, and beyond 365 days."
    )
    reorder_by_date: dt.date | None = Field(description="expected_stockout_date minus the lead time: order by then.")
    expedite_by: dt.date | None = Field(
        default=None,
        description="The day by which the next delivery has to be there; null where it comes in time.",
    )
    reasons: list[Reason] | None = Field(
        description="The up to 3 features that moved the probability most, biggest first; null where they are of "
        "another model version than the probability."
    )
    run_out_probabilities: list[float] = Field(
        default=[],
        description="The probability to be out by the end of each week ahead; empty where the model has its horizon "
        "alone, or where the figures are of another model version: then the figures that follow are null.",
    )
    relief_date: dt.date | None = Field(
        default=None, description="The as_of week's last day plus the lead time plus 7 days."
    )
    relief_probability: float | None = Field(default=None, description="Of being out before relief_date, in [0, 1].")
    relief_after_curve: bool = Field(
        default=False,
        description="Relief comes after the last of run_out_probabilities, so that what is said to be before relief is "
        "until the end of that week: the least that it can be.",
    )
    earliest_stockout_date: dt.date | None = Field(default=None, description="Out by then with probability 0.1.")
    median_stockout_date: dt.date | None = Field(default=None, description="Out by then with probability 0.5.")
    latest_stockout_date: dt.date | None = Field(default=None, description="Out by then with probability 0.9.")
    expected_units_lost_before_relief: float | None = Field(
        default=None, description="Mean units that it would sell while it is out before relief_date."
    )
    revenue_at_risk_before_relief: float | None = Field(
        default=None, description="The same times the last known price, in the currency of the data."
    )
    category: str | None = Field(description="The product's category in the data; null where it has none.")


class Refusal(BaseModel):
    """Why a product has no risk."""

    reason: str = Field(description="As in the gRPC API, e.g. UNKNOWN_PRODUCT or NOT_ELIGIBLE.")
    message: str = Field(description="The same in a sentence.")


class NoRisk(BaseModel):
    """A product that has no risk; it never fails its neighbours."""

    product_id: str = Field(description="The id as it was asked.")
    error: Refusal


class Assessment(_Provenance):
    """One result per product, in the order of the request, all from one snapshot."""

    snapshot_id: str
    as_of_week: str
    alert_policy: str = Field(
        description="What the threshold was chosen by when the snapshot was published; empty where it is the model's."
    )
    alerts_until_relief: bool = Field(description="Whether that risk is relief_probability; else it is probability.")
    results: list[Risk | NoRisk]
