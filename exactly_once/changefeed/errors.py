"""Why a feed stops for a person to decide. Each message says what to do."""


class FeedStopped(Exception):
    """It cannot go on without a gap, or without guessing."""


class SlotLost(FeedStopped):
    """The source no longer keeps the changes that the sink needs next."""


class WrongEpoch(FeedStopped):
    """The sink's position was counted in another slot or before a restore: it means nothing here."""


class SchemaUnclear(FeedStopped):
    """The log does not say what happened to a table's columns."""


class SinkDiverged(FeedStopped):
    """The sink does not hold what this feed wrote: somebody else changed it."""


class SinkBusy(FeedStopped):
    """Another process writes there."""


class CannotPublish(FeedStopped):
    """The tables cannot be followed as they are."""
