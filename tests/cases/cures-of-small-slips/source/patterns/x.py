# region: a
