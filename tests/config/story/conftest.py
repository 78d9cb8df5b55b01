"""Who reads stories."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config.staff.roles import permissions_of


@pytest.fixture
def viewer() -> Client:
    """Return the browser of somebody who may do what the role may."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(permissions_of("viewer"))
    client = Client()
    client.force_login(user)
    return client
