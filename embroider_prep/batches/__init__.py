"""Photos by the thousand: which ones, who does the work, what is kept, and what a shop needs to see.

Nothing is imported here: a worker sets its share of the cores before it loads anything that counts them.
"""
