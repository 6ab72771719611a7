"""Names that the panel and the feature sets share: of weekly matrices, and of groupings of products."""

UNITS_SOLD = "units_sold"
PRICE_MEAN = "price_mean"
ORDERS = "orders"
SALE_DAYS = "sale_days"
DAYS_SINCE_SALE = "days_since_sale"
UNITS_ON_HAND = "units_on_hand"
COUNT_AGE_DAYS = "count_age_days"
MIN_ON_HAND = "min_on_hand"
DEPLETION = "depletion"
IN_STOCK = "in_stock"

LOCATION, ITEM = "location", "item"
