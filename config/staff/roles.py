"""Who may do what in the admin: four groups, as rules over the permissions that there are."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django_subatomic.db import transaction

BUSINESS = ("checkout", "payments", "ledger", "exactly_once")
# What a role has besides its rule, as app.codename.
OPERATOR_ACTS = (
    "checkout.add_stockmovement",
    "exactly_once.change_handlerrun",
    "exactly_once.change_inboxevent",
    "exactly_once.change_webhookdelivery",
    "payments.change_attempt",
    "payments.change_pspcircuit",
    "payments.import_file",
    "payments.match_bankline",
    "payments.propose_decision",
    "payments.resolve_break",
)
APPROVER_ACTS = ("payments.apply_decision", "payments.approve_resolution")
# What an operator edits: what is for sale and at which price, and how statements are read.
OPERATOR_EDITS = (
    "checkout.discount",
    "checkout.discountamount",
    "checkout.price",
    "checkout.product",
    "checkout.productimage",
    "checkout.shippingoption",
    "checkout.shippingprice",
    "checkout.stocklocation",
    "checkout.taxcategory",
    "checkout.taxrate",
    "checkout.variant",
    "payments.csvmapping",
)
ROLES = ("viewer", "operator", "approver", "admin")


@transaction
def make_roles() -> dict[str, int]:
    """Make the four groups, or give them their permissions back; return how many each has.

    :raises LookupError: a permission that is named here and does not exist.
    """
    return {role: _make(role, permissions_of(role)) for role in ROLES}


def permissions_of(role: str) -> QuerySet[Permission]:
    """Return what a role may do."""
    views = Q(content_type__app_label__in=BUSINESS, codename__startswith="view_")
    match role:
        case "viewer":
            return Permission.objects.filter(views)
        case "operator":
            return Permission.objects.filter(views | _edits() | _named(OPERATOR_ACTS))
        case "approver":
            audit = Q(content_type__app_label="staff", codename="view_auditevent")
            return Permission.objects.filter(views | audit | _named(APPROVER_ACTS))
        case _:
            return Permission.objects.all()


def _edits() -> Q:
    verbs = ("add", "change", "delete")
    split = [label.split(".") for label in OPERATOR_EDITS]
    return _named(tuple(f"{app}.{verb}_{model}" for app, model in split for verb in verbs))


def _named(names: tuple[str, ...]) -> Q:
    wanted = Q(pk__in=[])
    for name in names:
        app, codename = name.split(".")
        one = Q(content_type__app_label=app, codename=codename)
        if not Permission.objects.filter(one).exists():
            raise LookupError(f"there is no permission {name}")
        wanted |= one
    return wanted


def _make(role: str, permissions: QuerySet[Permission]) -> int:
    group, _ = Group.objects.get_or_create(name=role)
    found = list(permissions)
    group.permissions.set(found)
    return len(found)
