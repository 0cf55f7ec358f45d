"""Every speed, memory and start-up figure that is promised, measured in one run."""
