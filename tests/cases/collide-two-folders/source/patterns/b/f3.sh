b3
