def run(name, numbers):
    token = get_secret("example_token")
    return {
        "greeting": f"Hello, {name}!",
        "sum": sum(numbers),
        "numbers": numbers,
        "is_first": get_context()["attempt"] == 1,
        "token_length": None if token is None else len(token),
    }
