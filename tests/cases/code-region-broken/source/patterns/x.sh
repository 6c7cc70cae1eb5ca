# region: r
x = 1
