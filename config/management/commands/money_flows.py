"""``manage.py money_flows [--check]``: show every posting rule in docs/money-flows.md."""

from config.generated_pages import money_flows
from config.generated_pages.page_command import PageCommand


class Command(PageCommand):
    """Calls the posting rules and shows what they post."""

    help = __doc__
    page = money_flows.PAGE

    def render(self) -> str:
        """Return the page's text."""
        return money_flows.render()
