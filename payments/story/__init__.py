"""What payments know of an order, or of a payout, from the first try to the bank line: reads only."""
