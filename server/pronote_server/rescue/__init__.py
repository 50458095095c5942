"""Door 0: the operator on the machine, whatever state the others are in."""
