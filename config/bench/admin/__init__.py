"""How long the admin's start page, and the story of a payment, take where there are many payments."""
