"""The environment's variables, typed, for the other files here; production refuses to start without what it needs."""

import os

from environs import Env

from config.environment import DEVELOPMENT, PRODUCTION, refuse_unsafe

env = Env()

ENVIRONMENT: str = refuse_unsafe({**os.environ, "TALLY_ENVIRONMENT": env.str("TALLY_ENVIRONMENT", DEVELOPMENT)})
IN_PRODUCTION = ENVIRONMENT == PRODUCTION
