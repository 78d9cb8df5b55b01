"""The guards of checkout's tables. Those of the other packages are in guards.py."""

CHECKOUT_GUARDS = {
    "checkout_checkoutsession": (
        "checkout_checkoutsession_public_id_key",
        "checkoutsession_shipping_discount_within",
        "checkoutsession_totals_add_up",
        "checkoutsession_totals_not_negative",
        "pgtrigger_lines_add_up_41af2",
        "session_state_known",
    ),
    "checkout_discount": (
        "discount_code_once",
        "discount_ends_after_it_begins",
        "discount_limits_positive",
        "discount_percent_of_its_kind",
        "discount_within_its_limit",
    ),
    "checkout_discountamount": (
        "discount_amount_not_negative",
        "discount_amount_one_per_currency",
    ),
    "checkout_discountredemption": (
        "pgtrigger_follows_table_e06b3",
        "redemption_once_per_session",
        "redemption_slot_below_the_limit",
        "redemption_slot_once",
        "redemption_state_known",
    ),
    "checkout_order": (
        "checkout_order_payment_intent_key",
        "checkout_order_public_id_key",
        "checkout_order_session_id_key",
        "order_paid_unless_free",
        "order_shipping_discount_within",
        "order_totals_add_up",
        "order_totals_not_negative",
        "pgtrigger_lines_add_up_a5ac9",
    ),
    "checkout_orderline": (
        "orderline_discount_within",
        "orderline_quantity_positive",
        "pgtrigger_lines_add_up_f2f02",
    ),
    "checkout_price": (
        "price_below_compare_at",
        "price_ends_after_it_begins",
        "price_one_at_a_time",
        "price_positive",
    ),
    "checkout_product": (
        "checkout_product_public_id_key",
        "checkout_product_slug_key",
    ),
    "checkout_reservation": (
        "reservation_one_live",
        "reservation_quantity_positive",
        "reservation_state_known",
    ),
    "checkout_sessionline": (
        "pgtrigger_lines_add_up_de0a3",
        "session_line_one_per_variant",
        "sessionline_discount_within",
        "sessionline_quantity_positive",
    ),
    "checkout_shippingoption": ("checkout_shippingoption_code_key",),
    "checkout_shippingprice": (
        "shipping_price_has_a_weight",
        "shipping_price_not_negative",
        "shipping_price_one_per_weight",
        "shipping_price_region_of_a_country",
    ),
    "checkout_stockitem": (
        "stock_item_never_oversold",
        "stock_item_one_per_location",
    ),
    "checkout_stockmovement": ("pgtrigger_append_only_93576",),
    "checkout_taxcategory": ("checkout_taxcategory_code_key",),
    "checkout_taxrate": (
        "taxrate_ends_after_it_begins",
        "taxrate_is_a_percentage",
        "taxrate_one_at_a_time",
    ),
    "checkout_variant": (
        "checkout_variant_sku_key",
        "variant_options_once",
        "variant_weight_not_negative",
    ),
}
