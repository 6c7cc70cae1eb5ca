print("````")
