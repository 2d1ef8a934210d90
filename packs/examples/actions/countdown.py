import time


def run(steps, pause_s):
    for step in range(1, steps + 1):
        print(f"step {step} of {steps} ({100 * step // steps} %)")
        time.sleep(pause_s)
    return {"steps": steps}
