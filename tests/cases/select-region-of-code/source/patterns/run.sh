#!/bin/sh
# region: main
  echo 1
# endregion: main

echo 2
