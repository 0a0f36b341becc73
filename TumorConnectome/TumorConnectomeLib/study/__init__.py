"""The reader study: do people who look at the images choose the neighbors that a model chooses?"""
