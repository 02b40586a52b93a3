"""Training an automaton on a picture: loop, pool, loss, optimizer, run folder."""
