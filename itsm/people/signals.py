"""What happens to somebody's sign-in, told to whoever keeps the trail."""

from django.dispatch import Signal

#: Arguments: user, by.
password_link_issued = Signal()
unlocked = Signal()
