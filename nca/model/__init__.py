"""The automaton and the decoder that are trained, the plain step, fast rollouts, and the choice of the backend."""
