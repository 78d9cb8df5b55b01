"""Who may do what in the admin, written out: each change here is a decision."""

EVERYBODY = frozenset({"viewer", "operator", "approver", "admin"})
OPERATORS = frozenset({"operator", "admin"})
APPROVERS = frozenset({"approver", "admin"})
ADMINS = frozenset({"admin"})

# Lists that are not for everybody.
SEEN_BY = {
    "access_apikey": ADMINS,
    "auth_group": ADMINS,
    "auth_user": ADMINS,
    "axes_accessattempt": ADMINS,
    "staff_auditevent": APPROVERS,
}

# What is edited: who adds, changes and deletes.
_ALL_OF_OPERATORS = {"add": OPERATORS, "change": OPERATORS, "delete": OPERATORS}
_ALL_OF_ADMINS = {"add": ADMINS, "change": ADMINS, "delete": ADMINS}
_NEVER_DELETED = {"add": ADMINS, "change": ADMINS}
EDITED_BY = {
    "access_apikey": _NEVER_DELETED,
    "auth_group": _ALL_OF_ADMINS,
    "auth_user": _ALL_OF_ADMINS,
    "checkout_discount": _ALL_OF_OPERATORS,
    "checkout_discountamount": _ALL_OF_OPERATORS,
    "checkout_price": _ALL_OF_OPERATORS,
    "checkout_product": _ALL_OF_OPERATORS,
    "checkout_shippingoption": _ALL_OF_OPERATORS,
    "checkout_shippingprice": _ALL_OF_OPERATORS,
    "checkout_stocklocation": _ALL_OF_OPERATORS,
    "checkout_stockmovement": {"add": OPERATORS},
    "checkout_taxcategory": _ALL_OF_OPERATORS,
    "checkout_taxrate": _ALL_OF_OPERATORS,
    "checkout_variant": _ALL_OF_OPERATORS,
    "exactly_once_eventsource": _NEVER_DELETED,
    "exactly_once_webhookendpoint": _NEVER_DELETED,
    "ledger_invariant": _ALL_OF_ADMINS,
    "payments_csvmapping": _ALL_OF_OPERATORS,
    "payments_routingrule": _ALL_OF_ADMINS,
}

# Buttons for rows that are ticked.
BULK = {
    "access_apikey.revoke": ADMINS,
    "auth_user.reset_second_factor": ADMINS,
    "axes_accessattempt.unlock": ADMINS,
    "checkout_discount.switch_off": OPERATORS,
    "checkout_discount.switch_on": OPERATORS,
    "checkout_product.switch_off": OPERATORS,
    "checkout_product.switch_on": OPERATORS,
    "checkout_shippingoption.switch_off": OPERATORS,
    "checkout_shippingoption.switch_on": OPERATORS,
    "checkout_stocklocation.switch_off": OPERATORS,
    "checkout_stocklocation.switch_on": OPERATORS,
    "checkout_variant.switch_off": OPERATORS,
    "checkout_variant.switch_on": OPERATORS,
    "exactly_once_eventsource.switch_off": ADMINS,
    "exactly_once_eventsource.switch_on": ADMINS,
    "exactly_once_handlerrun.run_again": OPERATORS,
    "exactly_once_inboxevent.dry_run": OPERATORS,
    "exactly_once_inboxevent.process_again": OPERATORS,
    "exactly_once_webhookdelivery.resend": OPERATORS,
    "exactly_once_webhookendpoint.rotate_secret": ADMINS,
    "exactly_once_webhookendpoint.switch_off": ADMINS,
    "payments_bankline.set_aside_these": OPERATORS,
    "payments_break.assign_these": OPERATORS,
    "payments_break.resolve_these": OPERATORS,
    "payments_pspcircuit.close_now": OPERATORS,
    "payments_routingrule.switch_off": ADMINS,
    "payments_routingrule.switch_on": ADMINS,
    "payments_unknownattempt.ask_now": OPERATORS,
}

# Buttons above a list.
OF_LISTS = {
    "payments_fileimport.upload": OPERATORS,
    "payments_pspcircuit.figures": EVERYBODY,
    "payments_routingrule.dry_run": EVERYBODY,
}

# Buttons on a row's page. "story" is on many, and for everybody.
OF_ROWS = {
    "payments_attempt.ask_now": OPERATORS,
    "payments_attempt.propose": OPERATORS,
    "payments_bankline.match": OPERATORS,
    "payments_bankline.set_aside": OPERATORS,
    "payments_break.assign": OPERATORS,
    "payments_break.resolve": OPERATORS,
    "payments_decision.apply": APPROVERS,
    "payments_decision.put_away": OPERATORS | APPROVERS,
    "payments_fileimport.read_again": OPERATORS,
    "payments_payout.proof": EVERYBODY,
    "payments_resolution.approve": APPROVERS,
    "payments_resolution.put_away": OPERATORS | APPROVERS,
}
