"""Experiment trackers, one a file behind one interface, each in a process of its own.

log_to.py       the callback: what is logged, and when
tracker.py      the interface
trackio.py, wandb.py, tensorboard.py
registry.py     their names and packages
apart.py        the training's end of the pipe to a tracker's process
host.py         the tracker's end
"""
