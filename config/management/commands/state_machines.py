"""``manage.py state_machines [--check]``: draw every table of states in docs/state-machines.md."""

from config.generated_pages import state_machines
from config.generated_pages.page_command import PageCommand


class Command(PageCommand):
    """Draws the tables that the code and the database's triggers follow."""

    help = __doc__
    page = state_machines.PAGE

    def render(self) -> str:
        """Return the page's text."""
        return state_machines.render()
