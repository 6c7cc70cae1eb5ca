a3
