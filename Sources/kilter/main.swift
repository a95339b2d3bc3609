print("kilter")
