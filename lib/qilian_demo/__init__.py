"""The simulated headwaters: product files with a known truth, written as agencies write them."""
