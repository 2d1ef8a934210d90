import time


def run(seconds=0):
    time.sleep(seconds)
