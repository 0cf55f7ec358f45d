"""Methods that see some rows at a time: inducing points and block coordinates."""
