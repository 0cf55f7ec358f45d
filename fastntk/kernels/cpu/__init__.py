"""Op bodies on strips of pairs, and the loop that runs a program over a tile."""
