def run(good_attempt=3):
    attempt = get_context()["attempt"]
    print("this is attempt", attempt)
    if attempt < good_attempt:
        raise RuntimeError(f"attempt {attempt} was too early")
    return {"attempt": attempt}
