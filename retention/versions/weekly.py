"""Once a week: the newest model and the one in force are tested on the past, and the better one may take over."""

from retention.models import ModelVersion
from retention.scoring.backtest import NothingToTest, Tell
from retention.scoring.backtesting import Asked, backtest, newest_version
from retention.scoring.versions import ensure_active_version
from retention.versions.actions import activate_by_rule


def hold_against_the_past(tell: Tell) -> list[int]:
    """Test the models; return the ids of the ranges to be scored where another was put in force."""
    newest, active = newest_version(), ensure_active_version()
    try:
        for version in {active.pk: active, newest.pk: newest}.values():
            backtest(version, Asked(tell=tell))
    except NothingToTest as nothing:
        tell(str(nothing))
        return []
    done = activate_by_rule(version=ModelVersion.objects.get(pk=newest.pk))
    return done.ranges if done else []
