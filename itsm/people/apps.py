from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users, teams, groups, contact methods and sign-in."""

    name = "itsm.people"
    label = "people"
