"""The house keeps its order: no import circles, no crowded folders."""
