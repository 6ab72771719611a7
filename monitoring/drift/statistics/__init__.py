"""How far apart weeks are: statistics of products, by cluster of products."""
