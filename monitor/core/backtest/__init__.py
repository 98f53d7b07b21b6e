"""Two rulings on each of many past entries, compared: what is told now, and what would be then.

An alert is the same where the same entry alerts the same receiver on both sides, or another entry
of the same event does (of the event by either side's grouping). What only the other side tells is
gained, what only this one tells is lost. Pure: entries come in, figures and samples go out.
"""

from monitor.core.backtest.comparing import Comparison
from monitor.core.backtest.reports import Count, Noise, Report
from monitor.core.backtest.rulings import Change, Ruling, recorded, ruling

__all__ = ["Change", "Comparison", "Count", "Noise", "Report", "Ruling", "recorded", "ruling"]
