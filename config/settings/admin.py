"""Who gets into the admin, for how long, and what browsers are told about our pages."""

from datetime import timedelta
from typing import Any

from django.utils.csp import CSP
from environs import validate

from config.settings.variables import IN_PRODUCTION, env

# --- Signing in -------------------------------------------------------------------------------------------------------

# Whether staff need a code of an authenticator app besides the password. Off in development, so that the sign-in that
# `up` prints is all it takes; production refuses to start without.
ADMIN_SECOND_FACTOR: bool = env.bool("ADMIN_SECOND_FACTOR", default=IN_PRODUCTION)
OTP_TOTP_ISSUER = "Tally"
# A code of the step before or after is taken. The clock of an app is not followed when it drifts further.
OTP_TOTP_SYNC = False

# Where a sign-in leads that came from nowhere.
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # says no before a password is looked at
    "django.contrib.auth.backends.ModelBackend",
]
# A name is locked out at an address after so many failed sign-ins, for so long since the last of them.
ADMIN_LOCKOUT_FAILURES: int = env.int("ADMIN_LOCKOUT_FAILURES", 5, validate=validate.Range(min=1))
ADMIN_LOCKOUT_MINUTES: int = env.int("ADMIN_LOCKOUT_MINUTES", 15, validate=validate.Range(min=1))
AXES_FAILURE_LIMIT = ADMIN_LOCKOUT_FAILURES
AXES_COOLOFF_TIME = timedelta(minutes=ADMIN_LOCKOUT_MINUTES)
# Of name and address together: nobody can lock a colleague out from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "config.staff.address.client_address"
AXES_LOCKOUT_CALLABLE = "config.staff.locked_out.locked_out"
AXES_DISABLE_ACCESS_LOG = True  # the audit log has it
AXES_ENABLE_ADMIN = False  # ours has the look of the rest, and unlocks
AXES_VERBOSE = False

# --- Sessions ---------------------------------------------------------------------------------------------------------

# A session ends when nothing was asked for so long, and in any case so long after the sign-in.
ADMIN_SESSION_IDLE_MINUTES: int = env.int("ADMIN_SESSION_IDLE_MINUTES", 30, validate=validate.Range(min=1))
ADMIN_SESSION_HOURS: int = env.int("ADMIN_SESSION_HOURS", 12, validate=validate.Range(min=1))
SESSION_COOKIE_AGE = ADMIN_SESSION_IDLE_MINUTES * 60
SESSION_SAVE_EVERY_REQUEST = True  # each request puts the end off
SESSION_EXPIRE_AT_BROWSER_CLOSE = False
SESSION_COOKIE_SECURE = IN_PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IN_PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# Browsers take such a name only from HTTPS, for the whole host and from no subdomain.
SESSION_COOKIE_NAME = "__Host-tally-session" if IN_PRODUCTION else "tally-session"
CSRF_COOKIE_NAME = "__Host-tally-csrf" if IN_PRODUCTION else "tally-csrf"

# --- What browsers may do with our pages ------------------------------------------------------------------------------

# Pictures of products are by URL.
_PICTURES = [CSP.SELF, "data:", "https:"] if IN_PRODUCTION else [CSP.SELF, "data:", "https:", "http:"]
SECURE_CSP: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": _PICTURES,
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "object-src": [CSP.NONE],
}
# Its forms open others in a frame, to add what a field refers to: those pages may be framed, by pages of ours alone.
ADMIN_CSP: dict[str, Any] = {**SECURE_CSP, "frame-src": [CSP.SELF]}
ADMIN_POPUP_CSP: dict[str, Any] = {**ADMIN_CSP, "frame-ancestors": [CSP.SELF]}
