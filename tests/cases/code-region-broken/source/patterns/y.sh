# region: a
x = 1
# region: b
y = 1
# endregion: a
# endregion: b

# region: ok
z = 1
# endregion: ok
