"""Part of a file of cities: sectors merged to goods, which travel, and services."""

MERGED = """[economy.merge_sectors]
goods = ["food_primary", "manufacturing"]
services = [
  "utilities", "construction", "trade", "transport", "hospitality_ict", "finance_property",
  "business_government", "education_health", "other_services",
]
[network]
base = "east-asia"
carried = ["goods"]
"""
