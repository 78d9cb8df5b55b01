"""What a basket costs: lines, discount, shipping, taxes, totals. Pure: no rows, no clock, integer minor units.

basket.py is what goes in, breakdown.py what comes out, price_basket.py the way between. Rows are read elsewhere.
"""
