"""Networks that the engine cannot run in one piece, walked layer by layer."""
