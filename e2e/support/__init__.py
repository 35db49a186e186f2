"""What the end-to-end tests stand on: the program, its databases, a scripted provider."""
