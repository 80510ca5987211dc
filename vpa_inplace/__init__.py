"""Vertical autoscaling for Kubernetes by resizing containers while they run.

The way of the data is one straight line, one folder a station: observe, forecast, recommend, plan, guard, and then
act, report or replay. ``decide.py`` tells the whole story on one screen; read it first. Importing this package loads
nothing else: what is heavy is imported by the command that needs it.
"""

__version__ = "0.1.0.dev0"
