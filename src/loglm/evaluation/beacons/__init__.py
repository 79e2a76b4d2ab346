"""A benchmark of beacons: generated over a grid, hidden in real traffic, among benign traffic that is periodic too."""
